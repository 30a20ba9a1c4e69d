#include "kit/plugin.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <stdexcept>

#include "kit/text.hpp"
#include "kit/words.hpp"

namespace freellmapi::kit {
namespace {

constexpr std::size_t lines_most = 1'000, line_most = 4'096;
constexpr std::uint32_t providers_most = 64;
constexpr unsigned char canary = 0xA5;

std::mutex& lines_mutex() {
  static std::mutex one;
  return one;
}

/// The host outlives every plugin, so it is never destroyed.
LoggingHost& the_host() {
  static LoggingHost& host = *new LoggingHost;
  return host;
}

}  // namespace

LoggingHost::LoggingHost() {
  table_.host.size = sizeof table_.host;
  table_.host.abi_major = FREELLM_ABI_MAJOR;
  table_.host.abi_minor = FREELLM_ABI_MINOR;
  table_.host.ctx = this;
  std::fill(std::begin(table_.behind), std::end(table_.behind), canary);
  table_.host.log = [](const freellm_host* host, std::int32_t level, freellm_str message) {
    auto& self = *static_cast<LoggingHost*>(host->ctx);
    const std::lock_guard lock(lines_mutex());
    ++self.line_count_;
    if (self.lines_.size() < lines_most)
      self.lines_.push_back({level, std::string(view(message).substr(0, line_most))});
  };
  table_.host.get_extension = [](const freellm_host*, freellm_str) -> const void* { return nullptr; };
}

bool LoggingHost::intact() const {
  return table_.host.ctx == this && table_.host.abi_major == FREELLM_ABI_MAJOR &&
         table_.host.log != nullptr && table_.host.get_extension != nullptr &&
         std::all_of(std::begin(table_.behind), std::end(table_.behind),
                     [](unsigned char byte) { return byte == canary; });
}

const freellm_plugin* Plugin::load(const std::string& file, std::string& why) {
  // Without a slash the loader would look into the system's folders.
  const std::string path = std::filesystem::absolute(file).string();
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    const char* const said = dlerror();
    why = said != nullptr ? said : "it cannot be loaded";
    return nullptr;
  }
  const auto* const table = static_cast<const freellm_plugin*>(dlsym(library, "freellm_plugin_v1"));
  if (table == nullptr) why = "it has no symbol freellm_plugin_v1";
  return table;
}

Plugin::Plugin(const std::string& file) {
  std::string why;
  table_ = load(file, why);
  if (table_ == nullptr) throw std::runtime_error(file + ": " + why);
  if (table_->abi_major != FREELLM_ABI_MAJOR)
    throw std::runtime_error(file + " is of ABI major " + std::to_string(table_->abi_major) + ", this is " +
                             std::to_string(FREELLM_ABI_MAJOR));
  if (table_->provider_count == nullptr || table_->provider == nullptr)
    throw std::runtime_error(file + " has no provider_count or no provider");
  if (table_->init != nullptr) {
    const freellm_status status = table_->init(the_host().get());
    if (status < 0) throw std::runtime_error(file + " did not start: init gave " + status_word(status));
  }
  const std::uint32_t count = std::min(table_->provider_count(), providers_most);
  for (std::uint32_t i = 0; i < count; ++i)
    if (const freellm_provider* const one = table_->provider(i)) providers_.push_back(one);
  if (providers_.empty()) throw std::runtime_error(file + " has no provider");
}

const LoggingHost& Plugin::host() const { return the_host(); }

}  // namespace freellmapi::kit
