#include "cli/facts.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <iterator>
#include <memory>

#include "host/plugins.hpp"

namespace freellmapi::cli {

namespace {

std::uint64_t resident_bytes() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "re"),
                                                             &std::fclose);
  unsigned long all = 0, resident = 0;
  if (!file || std::fscanf(file.get(), "%lu %lu", &all, &resident) != 2) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t open_files() {
  std::error_code failed;
  const std::filesystem::directory_iterator all("/proc/self/fd", failed);
  if (failed) return 0;
  // Looking takes one itself.
  const auto count = std::distance(begin(all), end(all));
  return count > 0 ? static_cast<std::uint64_t>(count - 1) : 0;
}

double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

}  // namespace

surfaces::Facts::Process process_facts(base::WallTime started) {
  surfaces::Facts::Process out;
  out.resident_bytes = resident_bytes();
  out.open_files = open_files();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) out.most_files = limit.rlim_cur;
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0)
    out.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  out.started_at =
      static_cast<double>(std::chrono::floor<std::chrono::milliseconds>(started.time_since_epoch()).count()) /
      1e3;
  return out;
}

std::vector<surfaces::Facts::Plugin> plugin_facts(const relay::Snapshot& snapshot) {
  std::vector<surfaces::Facts::Plugin> out;
  for (std::size_t i = 0; i < snapshot.upstreams.size(); ++i) {
    const auto& loaded = snapshot.upstreams[i].plugin;
    if (!loaded) continue;
    const host::Plugin& plugin = loaded->plugin();
    out.push_back({snapshot.policy->providers[i].id, std::string(plugin.version()),
                   std::to_string(plugin.abi_major()) + "." + std::to_string(plugin.abi_minor())});
  }
  return out;
}

}  // namespace freellmapi::cli
