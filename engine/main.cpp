#include "cli/program.hpp"

int main(int argc, char** argv) { return freellmapi::cli::run(argc, argv); }
