# SPDX-FileCopyrightText: 2026 The Frys Kernel authors
# SPDX-License-Identifier: Apache-2.0

# Runs PROGRAM with WHAT and BYTES, under valgrind when TOOL says so, and compares what is reported
# with the expression EXPECTED; when that is "nothing", the run must end well and print nothing.

set(command "${PROGRAM}" "${WHAT}" "${BYTES}")
if(TOOL STREQUAL "valgrind")
  find_program(valgrind valgrind)
  if(NOT valgrind)
    message("skipped: valgrind is not installed")
    return()
  endif()
  list(PREPEND command "${valgrind}" --quiet --error-exitcode=9 --leak-check=full)
endif()
execute_process(COMMAND ${command} RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(EXPECTED STREQUAL "nothing")
  if(NOT code EQUAL 0 OR NOT output STREQUAL "")
    message(FATAL_ERROR "a clean run was reported (code ${code}):\n${output}")
  endif()
elseif(code EQUAL 0 OR NOT output MATCHES "${EXPECTED}")
  message(FATAL_ERROR "${WHAT} of ${BYTES} bytes was not seen (code ${code}):\n${output}")
endif()
