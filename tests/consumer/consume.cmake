# SPDX-FileCopyrightText: 2026 The Frys Kernel authors
# SPDX-License-Identifier: Apache-2.0

# Builds and runs the consumer project in WORK. HOW says where frys comes from:
#   installed   this build, installed into a folder that is then moved
#   other       a build with BUILD_SHARED_LIBS=SHARED, installed likewise
#   pkg_config  this build, installed, found without CMake
#   folder      the source tree, by add_subdirectory, with BUILD_SHARED_LIBS=SHARED

cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE "${WORK}/staging" "${WORK}/prefix" "${WORK}/consumer")
file(MAKE_DIRECTORY "${WORK}")

function(run)
  string(JOIN " " line ${ARGN})
  message(STATUS "${line}")
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "exit code ${code} from: ${line}\n${out}")
  endif()
  set(run_output "${out}" PARENT_SCOPE)
endfunction()

# The same flags as this build's, so that ccache knows the objects.
set(library_flags
  "-DCMAKE_BUILD_TYPE=${BUILD_TYPE}" "-DCMAKE_CXX_FLAGS_RELEASE=${FLAGS}"
  "-DFRYS_WERROR=${WERROR}" "-DFRYS_CUDA=${CUDA}")
set(tools -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${COMPILER}"
          "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}")

# Installs `binary` and moves what was installed: nothing in it may remember its first place.
function(install_from binary)
  run("${CMAKE_COMMAND}" --install "${binary}" --prefix "${WORK}/staging" --component dev)
  run("${CMAKE_COMMAND}" --install "${binary}" --prefix "${WORK}/staging" --component runtime)
  file(RENAME "${WORK}/staging" "${WORK}/prefix")
endfunction()

if(HOW STREQUAL "folder")
  set(where "-DFRYS_AS_FOLDER=${SOURCE}" "-DBUILD_SHARED_LIBS=${SHARED}" ${library_flags})
else()
  if(HOW STREQUAL "other")
    run("${CMAKE_COMMAND}" -S "${SOURCE}" -B "${WORK}/frys" ${tools} ${library_flags}
        "-DBUILD_SHARED_LIBS=${SHARED}" -DFRYS_BUILD_TESTS=OFF -DFRYS_BUILD_EXAMPLES=OFF
        -DFRYS_BUILD_TOOLS=OFF)
    run("${CMAKE_COMMAND}" --build "${WORK}/frys")
    set(BINARY "${WORK}/frys")
  endif()
  install_from("${BINARY}")
  # Debug against a Release library: no public layout may depend on NDEBUG.
  set(where "-DCMAKE_PREFIX_PATH=${WORK}/prefix" -DCMAKE_BUILD_TYPE=Debug)
endif()

if(HOW STREQUAL "pkg_config")
  find_program(pkg_config pkg-config REQUIRED)
  file(GLOB_RECURSE file "${WORK}/prefix/*/frys.pc")
  get_filename_component(folder "${file}" DIRECTORY)
  set(ENV{PKG_CONFIG_PATH} "${folder}")
  run("${pkg_config}" --cflags --libs frys)
  separate_arguments(flags UNIX_COMMAND "${run_output}")
  run("${COMPILER}" "${PROJECT}/main.cpp" -o "${WORK}/consumer" ${flags})
  run("${WORK}/consumer")
else()
  run("${CMAKE_COMMAND}" -S "${PROJECT}" -B "${WORK}/consumer" ${tools} ${where})
  run("${CMAKE_COMMAND}" --build "${WORK}/consumer" --target consumer)
  run("${WORK}/consumer/consumer")
endif()
message(STATUS "${run_output}")
