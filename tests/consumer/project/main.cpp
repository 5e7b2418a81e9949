// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A host as small as can be: opens a kernel, uses a tensor, and looks whether it is still itself.

#include <dlfcn.h>
#include <stdlib.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <frys/frys.hpp>
#include <new>
#include <string>

namespace {

/// Whether the program's `symbol` comes from a shared object whose file name begins with `library`.
bool comes_from(const char* symbol, const char* library) {
  Dl_info info{};
  void* address = dlsym(RTLD_DEFAULT, symbol);
  if (address == nullptr || dladdr(address, &info) == 0) return false;
  std::string name = std::filesystem::path(info.dli_fname).filename().string();
  std::printf("%s comes from %s\n", symbol, name.c_str());
  return name.rfind(library, 0) == 0;
}

int fail(const char* what, const std::string& why) {
  std::fprintf(stderr, "%s: %s\n", what, why.c_str());
  return 1;
}

int use_kernel(const std::string& folder) {
  auto kernel = frys::Kernel::open({.data_dir = folder});
  if (!kernel) return fail("open", kernel.error().to_string());
  auto tensor = frys::Tensor::full(kernel->memory().root(), {2, 3}, frys::DType::f32, 1.5);
  if (!tensor) return fail("full", tensor.error().to_string());
  auto turned = tensor->view().transpose(0, 1);
  if (!turned) return fail("transpose", turned.error().to_string());
  if (turned->shape()[0] != 3 || turned->data<float>() != tensor->data<float>()) {
    return fail("transpose", "copied");
  }
  if (tensor->data<float>()[5] != 1.5f) return fail("full", "did not fill");
  frys::Status closed = kernel->close();
  if (!closed.ok()) return fail("close", closed.to_string());
  // A tensor outlives its kernel.
  return tensor->data<float>()[0] == 1.5f ? 0 : fail("tensor", "gone with its kernel");
}

}  // namespace

int main() {
  for (const char* symbol : {"malloc", "free", "calloc", "realloc", "posix_memalign"}) {
    if (!comes_from(symbol, "libc.so")) return fail(symbol, "was replaced");
  }
  for (const char* symbol : {"_Znwm", "_ZdlPv"}) {
    if (!comes_from(symbol, "libstdc++.so")) return fail(symbol, "was replaced");
  }
  std::string folder = (std::filesystem::temp_directory_path() / "frys-consumer-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return fail("mkdtemp", strerror(errno));
  int code = use_kernel(folder);
  std::filesystem::remove_all(folder);
  return code;
}
