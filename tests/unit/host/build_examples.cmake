# Installs the SDK into a folder of its own and builds the examples there, as somebody who has only the SDK would.
# TREE: our build folder; EXAMPLES: their sources; OUTSIDE: the folder, made anew; and the compilers.
file(REMOVE_RECURSE ${OUTSIDE})
file(MAKE_DIRECTORY ${OUTSIDE}/plugins)
file(COPY ${EXAMPLES}/ DESTINATION ${OUTSIDE}/sources)

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(failed)
    string(REPLACE ";" " " command "${ARGN}")
    message(FATAL_ERROR "${command}\n${said}")
  endif()
endfunction()

run(${CMAKE_COMMAND} --install ${TREE} --component sdk --prefix ${OUTSIDE}/sdk)
run(${CC} -std=c11 -O2 -Wall -Wextra -Wpedantic -Werror -shared -fPIC -fvisibility=hidden
    -I${OUTSIDE}/sdk/include -o ${OUTSIDE}/plugins/echo.so ${OUTSIDE}/sources/echo/echo.c)
run(${CMAKE_COMMAND} -S ${OUTSIDE}/sources/tutorial -B ${OUTSIDE}/build -G ${GENERATOR}
    -DCMAKE_BUILD_TYPE=${BUILD_TYPE} -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_PREFIX_PATH=${OUTSIDE}/sdk
    -DFREELLMAPI_PLUGIN_DIR=${OUTSIDE}/plugins)
run(${CMAKE_COMMAND} --build ${OUTSIDE}/build)
