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

#include "kit/text.hpp"

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

inline constexpr std::uint32_t ordinary_model =
    FREELLM_MODEL_TOOLS | FREELLM_MODEL_VISION | FREELLM_MODEL_JSON_OBJECT | FREELLM_MODEL_JSON_SCHEMA;

/// What a client wants, before the host makes a freellm_call of it.
struct ClientCall {
  std::string model;  ///< the provider's own name of the chosen one
  std::string body;   ///< the client's
  std::uint32_t model_flags = ordinary_model;
  std::uint64_t max_output_tokens = 0, context_tokens = 0, seed = 7;
  std::uint32_t endpoint = 0;  ///< FREELLM_ENDPOINT_...; 0: chat
};

/// Throws std::runtime_error with the file's name when something in the folder cannot be read.
struct Fixture : ClientCall {
  explicit Fixture(const std::filesystem::path& folder);

  std::string name;
  std::string provider;  ///< "": the first
  std::int64_t now_unix_ms = 0;
  std::vector<std::string> skipped;
  std::optional<Answer> answer;
  std::optional<json::value> request, events, outcome, limits, probe, keys;
  std::optional<json::value> written;        ///< answer.json: what read_answer must write
  std::optional<std::string> written_bytes;  ///< answer.bin: its body, byte for byte

  bool runs(std::string_view variant) const;
};

/// The call as the host would make it. Points into what it was made of.
class HostCall {
 public:
  explicit HostCall(const ClientCall& client);
  const freellm_call* get() const { return &call_; }
  /// For tests that say something odd.
  freellm_call& call() { return call_; }

 private:
  std::vector<freellm_member> members_;
  freellm_call call_{};
};

/// The head as the host would make it. Points into the answer.
class HostHead {
 public:
  explicit HostHead(const Answer& answer);
  const freellm_head* get() const { return &head_; }
  freellm_head& head() { return head_; }

 private:
  std::vector<freellm_header> headers_;
  freellm_head head_{};
};

/// The fixture folders of a plugin by name; none when there is no such folder.
std::vector<std::filesystem::path> folders_in(const std::filesystem::path& directory);
/// The members of one JSON object, as they stand in its text. Throws when it is none.
std::vector<freellm_member> top_members(std::string_view object);

}  // namespace freellmapi::kit
