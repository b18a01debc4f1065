# fermo_module(NAME LAYER n [USES module…] [LINKS library…] [PCH header…] [ONE_THREAD])
#
# Declares the module in the current folder: a static library of its *.cc, and a test of its *_test.cc.
# A module may use only modules of a lower layer; anything else ends the configuration here. Each module exports an
# include root of its own that holds nothing but itself, so "mail/address.h" compiles only where `mail` is named in USES.
# ONE_THREAD: ThreadSanitizer has nothing to see in its test.
function(fermo_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "ONE_THREAD" "LAYER" "USES;LINKS;PCH")
  if(NOT DEFINED arg_LAYER)
    message(FATAL_ERROR "module ${name}: LAYER is missing")
  endif()
  set_property(GLOBAL PROPERTY FERMO_LAYER_${name} ${arg_LAYER})
  foreach(used ${arg_USES})
    get_property(used_layer GLOBAL PROPERTY FERMO_LAYER_${used})
    if("${used_layer}" STREQUAL "")
      message(FATAL_ERROR "module ${name} uses ${used}, which is not declared before it: a module may use only lower layers")
    endif()
    if(NOT used_layer LESS arg_LAYER)
      message(FATAL_ERROR "module ${name} (layer ${arg_LAYER}) may not use ${used} (layer ${used_layer}): "
                          "a module may use only modules of a lower layer")
    endif()
  endforeach()

  # build/…/roots/FOLDER/FOLDER -> src/FOLDER
  cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME folder)
  set(root "${CMAKE_BINARY_DIR}/roots/${folder}")
  file(MAKE_DIRECTORY "${root}")
  file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}" "${root}/${folder}" SYMBOLIC)

  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")

  if(sources)
    add_library(${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${name} ${scope} "${root}")
  target_link_libraries(${name} ${scope} fermo_flags ${arg_USES} ${arg_LINKS})
  if(arg_PCH AND sources)
    target_precompile_headers(${name} PRIVATE ${arg_PCH})
  endif()

  if(FERMO_TESTS AND tests)
    set(under_tsan "")
    if(arg_ONE_THREAD)
      set(under_tsan NOT_UNDER_TSAN)
    endif()
    fermo_test(${name}_test SOURCES ${tests} USES ${name} ${under_tsan})
  endif()
endfunction()

# What every test finds in its environment. A library that was not built with the sanitizer looks to ThreadSanitizer as if it
# raced with itself: tests/thread_sanitizer_suppressions names it.
set(FERMO_TEST_ENVIRONMENT
  "FERMO_SOURCE_DIR=${CMAKE_SOURCE_DIR}" "FERMO_BINARY_DIR=${CMAKE_BINARY_DIR}" "PYTHONDONTWRITEBYTECODE=1"
  "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1"
  "UBSAN_OPTIONS=print_stacktrace=1"
  "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/thread_sanitizer_suppressions:second_deadlock_stack=1")

# GoogleTest's headers, compiled once for all tests. A program, since objects of programs and of libraries are not compiled alike.
if(FERMO_TESTS)
  add_executable(test_headers ${CMAKE_SOURCE_DIR}/tests/support/test_headers.cc)
  target_link_libraries(test_headers PRIVATE fermo_flags GTest::gmock GTest::gtest_main)
  set_target_properties(test_headers PROPERTIES FERMO_UNOPTIMISED ON)
  target_precompile_headers(test_headers PRIVATE <gtest/gtest.h> <gmock/gmock.h> <string> <vector>)
endif()

# fermo_test(NAME SOURCES file… USES module… [LABELS label…] [TIMEOUT seconds] [NOT_UNDER_TSAN])
#
# NOT_UNDER_TSAN, here and for fermo_script_test: it has one thread, or what its threads do is in other tests too; it would take ten
# times as long.
function(fermo_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NOT_UNDER_TSAN" "TIMEOUT" "SOURCES;USES;LABELS")
  if(arg_NOT_UNDER_TSAN AND FERMO_SANITIZE STREQUAL "thread")
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)
  endif()
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES FERMO_UNOPTIMISED ON)
  target_link_libraries(${name} PRIVATE ${arg_USES} GTest::gmock GTest::gtest_main)
  target_precompile_headers(${name} REUSE_FROM test_headers)
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "unit;${arg_LABELS}"
    ENVIRONMENT "${FERMO_TEST_ENVIRONMENT}")
endfunction()
