# SPDX-FileCopyrightText: 2026 The Frys Kernel authors
# SPDX-License-Identifier: Apache-2.0

# Compiles SOURCE with COMPILER against the headers in INCLUDE, once as it is and once to fail.

set(ENV{LC_ALL} C)  # The compiler's own words, with plain quotes.

file(STRINGS "${SOURCE}" expected REGEX "^// must fail: ")
list(LENGTH expected count)
if(NOT count EQUAL 1)
  message(FATAL_ERROR "${SOURCE} has ${count} lines \"// must fail: <regex>\", not one")
endif()
string(REPLACE "// must fail: " "" expected "${expected}")

function(compile result_variable output_variable)
  execute_process(
    COMMAND "${COMPILER}" -std=c++20 -fsyntax-only "-I${INCLUDE}" ${ARGN} "${SOURCE}"
    RESULT_VARIABLE result ERROR_VARIABLE output OUTPUT_QUIET)
  set(${result_variable} "${result}" PARENT_SCOPE)
  set(${output_variable} "${output}" PARENT_SCOPE)
endfunction()

compile(result output)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "it must compile without FRYS_MUST_FAIL, but:\n${output}")
endif()
compile(result output -DFRYS_MUST_FAIL)
if(result EQUAL 0)
  message(FATAL_ERROR "it compiled, and must not: \"${expected}\" was expected")
endif()
if(NOT output MATCHES "${expected}")
  message(FATAL_ERROR "it failed as it must, but not with \"${expected}\":\n${output}")
endif()
