// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Two processes and one tensor's memory. The owner describes a block and sends the segment's file
// descriptor over a socket; the reader, a program of its own, reads the block in place. Each step
// is a message: a descriptor one way, what was seen the other.
// usage: frys_memory_two_processes [reader <socket>]

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <string>

#include "frys/memory/manager.hpp"
#include "frys/memory/shared.hpp"
#include "trust/expect.hpp"

namespace frys::trust {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;
constexpr std::size_t block_bytes = 8 * mib;

/// What the reader saw of one descriptor.
struct Seen {
  ErrorCode code = ErrorCode::ok;
  std::uint64_t sum = 0;  ///< A polynomial of all bytes, in their order.
  bool current = false;
  bool writable = false;
};

std::uint64_t sum_of(const std::byte* bytes, std::size_t count) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum = sum * 31 + static_cast<std::uint64_t>(bytes[i]);
  return sum;
}

void fill(Storage& block, std::uint64_t seed) {
  auto* bytes = static_cast<unsigned char*>(block.data());
  for (std::size_t i = 0; i < block.size_bytes(); ++i) {
    bytes[i] = static_cast<unsigned char>(seed + i * 7 + (i >> 12));
  }
}

template <typename T>
bool send_value(int socket, const T& value) {
  return ::send(socket, &value, sizeof(value), MSG_NOSIGNAL) == sizeof(value);
}

template <typename T>
std::optional<T> receive_value(int socket) {
  T value;
  if (::recv(socket, &value, sizeof(value), MSG_WAITALL) != sizeof(value)) return std::nullopt;
  return value;
}

// A file descriptor travels beside a byte (SCM_RIGHTS).
bool send_fd(int socket, int fd) {
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &fd, sizeof(fd));
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) == 1;
}

int receive_fd(int socket) {
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  if (::recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1) return -1;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  int fd = -1;
  if (header != nullptr) std::memcpy(&fd, CMSG_DATA(header), sizeof(fd));
  return fd;
}

Seen look(const SharedSegment& segment, const MemoryDescriptor& block) {
  Seen seen;
  const Result<Storage> storage = segment.storage(block);
  if (!storage) {
    seen.code = storage.error().code();
    return seen;
  }
  seen.sum = sum_of(static_cast<const std::byte*>(storage->data()), storage->size_bytes());
  seen.current = segment.is_current(block);
  seen.writable = !storage->read_only();
  return seen;
}

// Answers every descriptor with what it sees, until the owner hangs up.
int read_for_owner(int socket) {
  const int fd = receive_fd(socket);
  const Result<SharedSegment> segment = SharedSegment::open(fd);
  if (!expect(segment.has_value(), "the reader maps the segment")) return 1;
  ::close(fd);
  while (const std::optional<MemoryDescriptor> block = receive_value<MemoryDescriptor>(socket)) {
    if (!send_value(socket, look(*segment, *block))) return 1;
  }
  return 0;
}

pid_t start_reader(int socket) {
  const std::string number = std::to_string(socket);
  const pid_t child = ::fork();
  if (child == 0) {
    ::fcntl(socket, F_SETFD, 0);  // the other end is the owner's alone
    ::execl("/proc/self/exe", "two_processes", "reader", number.c_str(), nullptr);
    ::_exit(127);
  }
  return child;
}

Seen ask(int socket, const MemoryDescriptor& block) {
  const bool sent = send_value(socket, block);
  const std::optional<Seen> seen = sent ? receive_value<Seen>(socket) : std::nullopt;
  expect(seen.has_value(), "the reader answers");
  return seen.value_or(Seen{.code = ErrorCode::internal});
}

std::uint64_t sum_of(const Storage& block) {
  return sum_of(static_cast<const std::byte*>(block.data()), block.size_bytes());
}

void share_blocks(int socket) {
  auto memory = TensorMemoryManager::create({.budget_bytes = 64 * mib}, {});
  const MemoryScope scope = *memory->root().child("out", {.shareable = true});
  Storage block = *scope.allocate(block_bytes);
  fill(block, 1);
  const MemoryDescriptor described = *describe(block);
  const int fd = *segment_fd(described.segment);
  expect(send_fd(socket, fd), "the descriptor is sent");

  Seen seen = ask(socket, described);
  expect(seen.code == ErrorCode::ok && seen.current, "the reader resolves the descriptor");
  expect(seen.sum == sum_of(block), "the reader sees the bytes");
  expect(!seen.writable, "by a mapping for reading");
  fill(block, 2);
  expect(ask(socket, described).sum == sum_of(block), "the reader sees what is written later");
  struct stat file{};
  expect(::fstat(fd, &file) == 0, "the file is there");
  expect(static_cast<std::size_t>(file.st_blocks) * 512 < block_bytes + mib,
         "both read the same pages: the file holds the bytes once");
  ::close(fd);

  Storage small = *scope.allocate(100);
  fill(small, 3);
  expect(ask(socket, *describe(small)).sum == sum_of(small), "a small block of the same segment");

  block.reset();
  expect(ask(socket, described).code == ErrorCode::not_found, "a freed block is refused");
  block = *scope.allocate(block_bytes);
  fill(block, 4);
  const MemoryDescriptor again = *describe(block);
  expect(again.offset == described.offset, "the place is given out again");
  expect(ask(socket, described).code == ErrorCode::not_found, "and the old descriptor refused");
  expect(ask(socket, again).sum == sum_of(block), "but not the new one");
  MemoryDescriptor forged = again;
  forged.offset = ~std::uint64_t{63};
  expect(ask(socket, forged).code == ErrorCode::invalid_argument, "a hostile one is refused");
}

int own_and_share() {
  int sockets[2];
  if (!expect(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0,
              "a pair of sockets"))
    return 1;
  const pid_t reader = start_reader(sockets[1]);
  ::close(sockets[1]);
  share_blocks(sockets[0]);
  ::close(sockets[0]);
  int status = 0;
  ::waitpid(reader, &status, 0);
  expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the reader ends well");
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace frys::trust

int main(int argc, char** argv) {
  const bool reader = argc == 3 && std::string(argv[1]) == "reader";
  return reader ? frys::trust::read_for_owner(std::stoi(argv[2])) : frys::trust::own_and_share();
}
