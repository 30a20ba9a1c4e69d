// Calls a provider's table as the host does and writes down what came out, in the words of the fixture files.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kit/fixture.hpp"
#include "kit/written.hpp"

namespace freellmapi::kit {

/// What a parser made of an answer; neighbouring pieces of one kind are joined.
struct Parsed {
  std::string end;  ///< "ok" or the status
  json::array events;
  bool finished = false;
};

/// Writes events down. An exception must not run through the plugin: it is kept as `fault`, and the plugin is
/// told to stop. Not movable.
class Recorder {
 public:
  Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  freellm_events_out* out() { return &out_; }

  Parsed parsed;
  std::string fault;

 private:
  freellm_events_out out_{};
};

/// A parser in memory of the host's, with bytes around it that it must not touch.
class ParserMemory {
 public:
  explicit ParserMemory(const freellm_provider& provider);
  ~ParserMemory();
  ParserMemory(const ParserMemory&) = delete;
  ParserMemory& operator=(const ParserMemory&) = delete;

  freellm_status open(const freellm_call& call, const freellm_head& head);
  freellm_status feed(std::string_view bytes, freellm_events_out* out);
  freellm_status finish(freellm_events_out* out);
  void close();  ///< nothing when it is not open
  /// False: it wrote before or behind its parser_size bytes.
  bool intact() const;

 private:
  static constexpr std::size_t guard = 64;
  static constexpr unsigned char canary = 0xA5;
  struct Free {
    void operator()(unsigned char* memory) const { std::free(memory); }
  };
  const freellm_provider& provider_;
  std::unique_ptr<unsigned char, Free> memory_;
  bool open_ = false;
};

/// Feeds the pieces in order, then ends the body.
Parsed parse(const freellm_provider& provider, const ClientCall& client, const Answer& answer,
             const std::vector<std::string_view>& pieces);

/// The answer in one call; nothing when the provider has no extension "freellm.whole/1".
std::optional<Parsed> read_at_once(const freellm_provider& provider, const ClientCall& client,
                                   const Answer& answer);

/// The answer of a provider with the extension "freellm.local/1"; throws when it has none.
Parsed answer_locally(const freellm_provider& provider, const ClientCall& client);

/// {"method","path","headers","credential","body","output_bound","pieces"} or {"error"}.
json::object build(const freellm_provider& provider, const ClientCall& client);

/// What an endpoint beside chat wrote of a whole answer.
struct Answered {
  freellm_status status = FREELLM_OK;
  std::string content_type, body;
  std::optional<std::uint64_t> input_tokens;
  freellm_outcome failure{};
};
/// read_answer of `client.endpoint`. Throws when the provider has no such extension.
Answered read_answer(const freellm_provider& provider, const ClientCall& client, const Answer& answer);

/// {"method","path","headers","credential"}; null when the provider has none.
json::value probe(const freellm_provider& provider);

json::object classify(const freellm_provider& provider, const Answer& answer, std::int64_t now_unix_ms);
json::array read_limits(const freellm_provider& provider, const Answer& answer, std::int64_t now_unix_ms);

/// An outcome as the host hands it in.
freellm_outcome blank_outcome();
json::object outcome_json(const freellm_outcome& outcome);
/// {"method","path","headers","credential"}
json::object head_json(const Written& written);

}  // namespace freellmapi::kit
