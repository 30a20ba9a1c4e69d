#include "kit/process.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <vector>

namespace freellmapi::kit {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_in(const char* folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::size_t resident_bytes() {
  std::size_t mapped = 0, resident = 0;
  if (FILE* const file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%zu %zu", &mapped, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::size_t threads_alive() { return names_in("/proc/self/task").size(); }

std::string open_descriptors() {
  std::string all;
  for (const std::string& name : names_in("/proc/self/fd")) all += name + " ";
  return all;
}

std::string mebibytes(std::size_t bytes) {
  const std::size_t tenths = bytes * 10 / (1'024 * 1'024);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MiB";
}

}  // namespace freellmapi::kit
