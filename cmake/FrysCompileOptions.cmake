# SPDX-FileCopyrightText: 2026 The Frys Kernel authors
# SPDX-License-Identifier: Apache-2.0

# How our own code is compiled. Nothing here reaches a project that links frys, but C++20.

add_library(frys_compile_options INTERFACE)
target_compile_features(frys_compile_options INTERFACE cxx_std_20)
target_compile_options(frys_compile_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align
  -Wno-missing-field-initializers
  $<$<BOOL:${FRYS_WERROR}>:-Werror>
  # g++ 12 sees a copy of 2^63 bytes in std::string's operator+ where it inlines enough (GCC bug 105651).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  # clang reports what libstdc++ 12 does inside std::stable_sort.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
set_target_properties(frys_compile_options PROPERTIES INTERFACE_POSITION_INDEPENDENT_CODE ON)

# Several of our builds compile the same objects; where ccache is, it does so once.
if(PROJECT_IS_TOP_LEVEL AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(FRYS_CCACHE ccache)
  mark_as_advanced(FRYS_CCACHE)
  if(FRYS_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${FRYS_CCACHE}")
  endif()
endif()

if(FRYS_SANITIZE)
  add_compile_options(-fsanitize=${FRYS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FRYS_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    add_compile_options(-fsanitize-ignorelist=${CMAKE_CURRENT_LIST_DIR}/sanitize-ignore.txt)
  endif()
endif()

# Files named *_avx2.cpp and *_avx512.cpp are the only ones compiled for more than the baseline.
function(frys_set_isa_flags)
  foreach(source IN LISTS ARGN)
    if(source MATCHES "_avx2\\.cpp$")
      set(flags -mavx2 -mfma -mf16c)
    elseif(source MATCHES "_avx512\\.cpp$")
      set(flags -mavx512f -mavx512bw -mavx512dq -mavx512cd -mavx512vl -mavx2 -mfma -mf16c)
    else()
      continue()
    endif()
    set_source_files_properties("${source}" PROPERTIES COMPILE_OPTIONS "${flags}")
  endforeach()
endfunction()
