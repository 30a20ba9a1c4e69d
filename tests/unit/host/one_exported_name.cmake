# Fails unless PLUGIN defines exactly one dynamic symbol, freellm_plugin_v1.
execute_process(COMMAND ${NM} -D --defined-only ${PLUGIN} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
# A sanitizer's own marks are not the plugin's.
string(REGEX REPLACE "[^\n]*__(odr_)?asan[^\n]*\n" "" symbols "${symbols}")
string(REGEX MATCHALL "[^\n]+" lines "${symbols}")
list(LENGTH lines count)
if(NOT count EQUAL 1 OR NOT symbols MATCHES " [DR] freellm_plugin_v1\n$")
  message(FATAL_ERROR "${PLUGIN} exports more than freellm_plugin_v1, or something else:\n${symbols}")
endif()
