// Asking the router that runs on a data directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "cli/quiet.hpp"

namespace freellmapi::cli {

/// Says in DATA/serving where this process listens, as long as it lives.
class Serving {
 public:
  static base::Result<Serving> announce(const std::filesystem::path& data, const std::string& address,
                                        std::uint16_t port);
  Serving(Serving&& other) noexcept : file_(std::move(other.file_)) { other.file_.clear(); }
  Serving& operator=(Serving&&) = delete;
  ~Serving();

 private:
  explicit Serving(std::filesystem::path file) : file_(std::move(file)) {}
  std::filesystem::path file_;
};

struct Asked {
  int status = 0;
  std::string body;
};
/// GETs `path` with the unified key. Errors: not_found (nobody serves from the data directory), unavailable
/// (it does not answer).
base::Result<Asked> ask_router(const Places& places, const std::string& path, Quiet& quiet);

}  // namespace freellmapi::cli
