// One fixture folder, read from the disk, and the call it stands for.
#pragma once

#include <freellmapi/abi.h>

#include <boost/json.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace freellmapi::kit {

namespace json = boost::json;

/// An answer as it came over the wire. Header names in lower case.
struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  std::string header(std::string_view name) const;
  bool is_event_stream() const { return header("content-type").find("event-stream") != std::string::npos; }
};

/// Throws std::runtime_error with the file's name when something in the folder cannot be read.
struct Fixture {
  explicit Fixture(const std::filesystem::path& folder);

  std::string name;
  std::string provider;  ///< "": the first
  std::string model;
  std::string body;  ///< the client's
  std::uint32_t model_flags = 0;
  std::uint64_t max_output_tokens = 0, context_tokens = 0, seed = 0;
  std::int64_t now_unix_ms = 0;
  std::vector<std::string> skipped;
  std::optional<Answer> answer;
  std::optional<json::value> request, events, outcome, limits, probe, keys;

  bool runs(std::string_view variant) const;
};

/// The call as the host would make it. Points into the fixture.
class HostCall {
 public:
  explicit HostCall(const Fixture& fixture);
  const freellm_call* get() const { return &call_; }

 private:
  std::vector<freellm_member> members_;
  freellm_call call_{};
};

/// The head as the host would make it. Points into the answer.
class HostHead {
 public:
  explicit HostHead(const Answer& answer);
  const freellm_head* get() const { return &head_; }

 private:
  std::vector<freellm_header> headers_;
  freellm_head head_{};
};

freellm_str text(std::string_view s);
/// The members of one JSON object, as they stand in its text. Throws when it is none.
std::vector<freellm_member> top_members(std::string_view object);

}  // namespace freellmapi::kit
