# How a provider plugin is built, inside the tree and outside of it (find_package(freellmapi-sdk)).
#
#   freellm_add_plugin(groq SOURCES groq.cpp MANIFEST manifest.yaml)
#       makes groq.so in FREELLMAPI_PLUGIN_DIR; the target is plugin_groq. The manifest becomes two generated headers:
#       "manifest.hpp" with `freellmapi::manifest`, a std::string_view, and for C "manifest.inc", the text as literals.
#       Sources that are all C need a C compiler and abi.h alone, not the C++ layer.
#   freellm_plugin_test(groq [FIXTURES dir])
#       ctests: fixtures_groq runs the fixtures (./fixtures) through the plugin, kit_groq the whole conformance kit.

set(FREELLMAPI_PLUGIN_DIR "${CMAKE_BINARY_DIR}/plugins-out" CACHE PATH "where built plugins are put")
set(FREELLMAPI_SDK_CMAKE_DIR "${CMAKE_CURRENT_LIST_DIR}")
# A relocation in a bit instead of 24 bytes, which are resident in every loaded plugin.
set(FREELLMAPI_SHORT_RELOCATIONS -Wl,-z,pack-relative-relocs)

function(freellm_add_plugin name)
  cmake_parse_arguments(PLUGIN "" "MANIFEST" "SOURCES" ${ARGN})
  if(NOT PLUGIN_SOURCES)
    message(FATAL_ERROR "freellm_add_plugin(${name}): SOURCES are missing")
  endif()
  foreach(file IN LISTS PLUGIN_SOURCES PLUGIN_MANIFEST)
    get_filename_component(path "${file}" ABSOLUTE)
    if(NOT EXISTS "${path}")
      message(FATAL_ERROR "freellm_add_plugin(${name}): ${path} is missing")
    endif()
  endforeach()
  set(target plugin_${name})
  add_library(${target} MODULE ${PLUGIN_SOURCES})
  set(cxx_sources ${PLUGIN_SOURCES})
  list(FILTER cxx_sources EXCLUDE REGEX "\\.c$")
  if(cxx_sources)
    target_compile_features(${target} PRIVATE cxx_std_20)
    target_link_libraries(${target} PRIVATE freellmapi::sdk)
  else()
    target_compile_features(${target} PRIVATE c_std_11)
    target_link_libraries(${target} PRIVATE freellmapi::freellm_sdk)
  endif()
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
  if(TARGET freellmapi_options)  # inside the tree; bin/freellmapi looks into ../lib/freellmapi/plugins
    target_compile_options(${target} PRIVATE -Werror)
    install(TARGETS ${target} LIBRARY DESTINATION lib/freellmapi/plugins)
  endif()
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME "${name}" PREFIX "" SUFFIX ".so"
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON
    LIBRARY_OUTPUT_DIRECTORY "${FREELLMAPI_PLUGIN_DIR}"
    LINK_DEPENDS "${FREELLMAPI_SDK_CMAKE_DIR}/plugin.map")
  target_link_options(${target} PRIVATE
    "-Wl,--version-script=${FREELLMAPI_SDK_CMAKE_DIR}/plugin.map" -Wl,--exclude-libs,ALL -Wl,--gc-sections
    ${FREELLMAPI_SHORT_RELOCATIONS})
  # A sanitizer's run-time comes from the program, so its names stay undefined in a plugin.
  if(NOT CMAKE_BUILD_TYPE MATCHES "^(Asan|Ubsan|Tsan)$")
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  if(PLUGIN_MANIFEST)
    get_filename_component(manifest "${PLUGIN_MANIFEST}" ABSOLUTE)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${manifest}")
    file(READ "${manifest}" FREELLMAPI_MANIFEST_TEXT)
    string(LENGTH "${FREELLMAPI_MANIFEST_TEXT}" size)
    if(size GREATER 262144)
      message(FATAL_ERROR "${manifest}: ${size} bytes; a manifest has at most 256 KiB")
    endif()
    set(generated "${CMAKE_CURRENT_BINARY_DIR}/${target}_generated")
    configure_file("${FREELLMAPI_SDK_CMAKE_DIR}/manifest.hpp.in" "${generated}/manifest.hpp" @ONLY)
    string(REGEX REPLACE "([\"\\])" "\\\\\\1" literals "${FREELLMAPI_MANIFEST_TEXT}")
    string(REPLACE "\n" "\\n\"\n\"" literals "${literals}")
    file(CONFIGURE OUTPUT "${generated}/manifest.inc" CONTENT "\"${literals}\"\n" @ONLY)
    target_include_directories(${target} PRIVATE "${generated}")
  endif()
endfunction()

function(freellm_plugin_test name)
  cmake_parse_arguments(TEST "" "FIXTURES" "" ${ARGN})
  if(NOT TEST_FIXTURES)
    set(TEST_FIXTURES fixtures)
  endif()
  get_filename_component(fixtures "${TEST_FIXTURES}" ABSOLUTE)
  if(NOT TARGET plugin_${name})
    return()
  endif()
  if(TARGET freellmapi_options)  # inside the tree; bin/freellmapi looks into ../share/freellmapi/fixtures
    if(IS_DIRECTORY "${fixtures}")
      set(shared "${CMAKE_BINARY_DIR}/share/freellmapi/fixtures")
      file(MAKE_DIRECTORY "${shared}")
      file(CREATE_LINK "${fixtures}" "${shared}/${name}" SYMBOLIC)
      install(DIRECTORY "${fixtures}/" DESTINATION share/freellmapi/fixtures/${name})
    endif()
    if(BUILD_TESTING)
      if(IS_DIRECTORY "${fixtures}")
        add_test(NAME fixtures_${name} COMMAND plugin_fixtures "$<TARGET_FILE:plugin_${name}>" "${fixtures}")
      endif()
      if(TARGET freellmapi)
        add_test(NAME kit_${name} COMMAND freellmapi plugins check "$<TARGET_FILE:plugin_${name}>")
      endif()
    endif()
    return()
  endif()
  find_program(FREELLMAPI_PROGRAM freellmapi HINTS "${FREELLMAPI_SDK_CMAKE_DIR}/../../../bin")
  if(FREELLMAPI_PROGRAM)
    add_test(NAME kit_${name}
      COMMAND "${FREELLMAPI_PROGRAM}" plugins check "$<TARGET_FILE:plugin_${name}>" --fixtures "${fixtures}")
  else()
    message(STATUS "freellmapi is not installed: the conformance kit is not run on ${name}")
  endif()
  find_program(FREELLMAPI_PLUGIN_FIXTURES freellmapi-plugin-fixtures
    HINTS "${FREELLMAPI_SDK_CMAKE_DIR}/../../../bin")
  if(FREELLMAPI_PLUGIN_FIXTURES)
    add_test(NAME fixtures_${name}
      COMMAND "${FREELLMAPI_PLUGIN_FIXTURES}" "$<TARGET_FILE:plugin_${name}>" "${fixtures}")
  else()
    message(STATUS "freellmapi-plugin-fixtures is not installed: fixtures of ${name} are not run")
  endif()
endfunction()
