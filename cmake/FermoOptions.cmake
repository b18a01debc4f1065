# What a preset may choose (CMakePresets.json), and what every target of the project compiles with.
option(FERMO_TESTS "Build the tests" ON)
option(FERMO_FUZZ "Build the libFuzzer targets (clang only)" OFF)
option(FERMO_COVERAGE "Instrument for coverage (clang only)" OFF)
option(FERMO_HARDENED "Compile and link with the hardening flags of a release" OFF)
set(FERMO_SANITIZE "" CACHE STRING "Sanitizers to build with, as -fsanitize= takes them")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # A precompiled header carries its own time stamp: without the sloppiness ccache would refuse every file that uses one.
  # Paths are taken relative to the source, so that another clone or build folder finds what this one compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=true ${CCACHE})
endif()

# The interface that every module and every test compiles with.
add_library(fermo_flags INTERFACE)
target_compile_options(fermo_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Woverloaded-virtual -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False alarms of g++ 12 inside the standard library and inlined coroutines (GCC bugs 105329, 105562, 108088).
  target_compile_options(fermo_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow
                                               -Wno-array-bounds -Wno-stringop-overread)
  target_compile_options(fermo_flags INTERFACE -fpch-preprocess)
endif()

if(FERMO_SANITIZE)
  target_compile_options(fermo_flags INTERFACE -fsanitize=${FERMO_SANITIZE} -fno-omit-frame-pointer
                                               -fno-sanitize-recover=all)
  target_link_options(fermo_flags INTERFACE -fsanitize=${FERMO_SANITIZE})
  # Debian's RocksDB has no run-time type information, and its objects (each shared_ptr's control block too) meet code of every
  # target: the check of vtables would call all of them invalid.
  target_compile_options(fermo_flags INTERFACE -fno-sanitize=vptr)
  # Half of the time to compile is optimising. What takes no time to run goes without: tests, and the commands, each of which has much
  # of the library for its options in it.
  target_compile_options(fermo_flags INTERFACE $<$<BOOL:$<TARGET_PROPERTY:FERMO_UNOPTIMISED>>:-O0>)
endif()
if(FERMO_SANITIZE STREQUAL "thread")
  target_link_options(fermo_flags INTERFACE -Wl,--version-script=${CMAKE_SOURCE_DIR}/tests/thread_sanitizer_exports)
endif()
if(FERMO_FUZZ)
  # Instruments every module, but not what only plays the other side: its branches would teach libFuzzer nothing and cost a
  # third of the time. Only a target in tests/fuzz links libFuzzer's main.
  target_compile_options(fermo_flags INTERFACE
    $<$<NOT:$<BOOL:$<TARGET_PROPERTY:FERMO_FUZZ_TARGET>>>:-fsanitize=fuzzer-no-link>)
  target_link_options(fermo_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(FERMO_COVERAGE)
  target_compile_options(fermo_flags INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(fermo_flags INTERFACE -fprofile-instr-generate)
endif()
