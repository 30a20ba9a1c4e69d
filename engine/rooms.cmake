# How every target of the project is made. A room is a static library; its dependencies are written out,
# so an include that the design does not allow does not link.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(CMAKE_CXX_FLAGS_RELEASE "-O2")
set(CMAKE_C_FLAGS_RELEASE "-O2")
foreach(lang C CXX)
  set(CMAKE_${lang}_FLAGS_ASAN "-O1 -g1 -fsanitize=address -fno-omit-frame-pointer")
  set(CMAKE_${lang}_FLAGS_UBSAN "-O1 -g1 -fsanitize=undefined -fno-sanitize-recover=all")
  set(CMAKE_${lang}_FLAGS_TSAN "-O1 -g1 -fsanitize=thread")
endforeach()
# GCC sees the checks a sanitizer puts in and takes them for uses of uninitialized memory.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  foreach(type ASAN UBSAN TSAN)
    string(APPEND CMAKE_CXX_FLAGS_${type} " -Wno-maybe-uninitialized")
  endforeach()
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(OpenSSL 3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(simdjson REQUIRED)
find_package(fmt REQUIRED)
find_package(date REQUIRED)
find_package(prometheus-cpp REQUIRED)

add_library(freellmapi_options INTERFACE)
target_compile_options(freellmapi_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wconversion;-Wshadow;-Werror>
  $<$<COMPILE_LANGUAGE:C>:-Wall;-Wextra;-Wpedantic;-Wconversion;-Wshadow;-Werror>)
target_include_directories(freellmapi_options INTERFACE ${CMAKE_CURRENT_SOURCE_DIR}/engine)

# freellm_seldom_run(TARGET): what runs at the start, on a reload or when an operator asks is built small in Release,
# for its pages are resident too.
function(freellm_seldom_run target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-Os>)
endfunction()

# freellm_room(NAME SOURCES a.cpp ... [USES room ...] [LINKS library ...] [SELDOM_RUN])
# NAME may hold slashes in its folder form; the target is freellm_<name with _>.
function(freellm_room name)
  cmake_parse_arguments(ROOM "SELDOM_RUN" "" "SOURCES;USES;LINKS" ${ARGN})
  string(REPLACE "/" "_" target "freellm_${name}")
  add_library(${target} STATIC ${ROOM_SOURCES})
  # For programs alone, so a function may be inlined where it is defined: a plugin has its own code.
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE -fPIE -fno-plt)
  target_link_libraries(${target} PUBLIC freellmapi_options)
  foreach(used IN LISTS ROOM_USES)
    string(REPLACE "/" "_" used_target "freellm_${used}")
    target_link_libraries(${target} PUBLIC ${used_target})
  endforeach()
  target_link_libraries(${target} PUBLIC ${ROOM_LINKS})
  if(ROOM_SELDOM_RUN)
    freellm_seldom_run(${target})
  endif()
endfunction()

# freellm_test(NAME SOURCES a.cpp ... [USES room ...] [LINKS library ...] [PURE])
# One GoogleTest program. Only PURE ones are built under UBSan.
function(freellm_test name)
  cmake_parse_arguments(TEST "PURE" "" "SOURCES;USES;LINKS" ${ARGN})
  if(CMAKE_BUILD_TYPE STREQUAL "Ubsan" AND NOT TEST_PURE)
    return()
  endif()
  foreach(used IN LISTS TEST_USES)
    string(REPLACE "/" "_" used_target "freellm_${used}")
    if(NOT TARGET ${used_target})
      message(STATUS "test ${name}: room ${used} is missing, test left out")
      return()
    endif()
  endforeach()
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE freellmapi_options ${TEST_LINKS} GTest::gmock GTest::gtest_main)
  # What is tested is optimised, the tests are not: they only have to compile fast.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O0>)
  foreach(used IN LISTS TEST_USES)
    string(REPLACE "/" "_" used_target "freellm_${used}")
    target_link_libraries(${name} PRIVATE ${used_target})
  endforeach()
  add_test(NAME ${name} COMMAND ${name})
endfunction()
