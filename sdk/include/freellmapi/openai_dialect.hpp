// freellmapi/openai_dialect.hpp - how one provider's chat completions differ from OpenAI's, as constant data.
#pragma once

#include <cstdint>
#include <freellmapi/classify.hpp>
#include <span>
#include <string_view>

namespace freellmapi::sdk {

/// What becomes of one top-level member of the client's body.
struct MemberRule {
  enum class Action : std::uint8_t { keep, drop, rename, clamp };
  std::string_view name;
  Action action = Action::keep;
  std::string_view to{};     ///< new name, for rename
  double low = 0, high = 0;  ///< for clamp: a number outside is set to the nearer end
};
constexpr MemberRule keep(std::string_view name) { return {name, MemberRule::Action::keep, {}, 0, 0}; }
constexpr MemberRule drop(std::string_view name) { return {name, MemberRule::Action::drop, {}, 0, 0}; }
constexpr MemberRule rename(std::string_view name, std::string_view to) {
  return {name, MemberRule::Action::rename, to, 0, 0};
}
constexpr MemberRule clamp(std::string_view name, double low, double high) {
  return {name, MemberRule::Action::clamp, {}, low, high};
}

/// Kept when a provider has no rule for them. Everything else is dropped unless `keep_unlisted`. The rest of
/// OpenAI's members (n, store, metadata, service_tier, modalities, audio, prediction, verbosity...) needs a
/// keep().
inline constexpr std::string_view standard_members[] = {"messages",
                                                        "temperature",
                                                        "top_p",
                                                        "stop",
                                                        "seed",
                                                        "presence_penalty",
                                                        "frequency_penalty",
                                                        "logit_bias",
                                                        "logprobs",
                                                        "top_logprobs",
                                                        "user",
                                                        "tools",
                                                        "tool_choice",
                                                        "parallel_tool_calls",
                                                        "response_format",
                                                        "reasoning_effort"};

/// How messages must be rewritten. Nothing is parsed unless the call's flags show that a rule has work to do.
struct MessageRules {
  enum class Names : std::uint8_t { drop, keep, tools_only };
  enum class Late : std::uint8_t {
    keep,
    to_front
  };  ///< to_front: one system message, texts joined by a blank line
  enum class Reasoning : std::uint8_t { drop, keep, as_reasoning };  ///< of assistant messages
  enum class ToolIds : std::uint8_t {
    keep,
    nine_alnum
  };  ///< nine_alnum: each foreign id becomes a stable hash
  bool developer_to_system = true;
  Names names = Names::drop;
  Late late_system = Late::keep;
  Reasoning reasoning = Reasoning::drop;
  ToolIds tool_ids = ToolIds::keep;
  /// A gateway's reasoning_details go with the first tool call of an answer and back to the model that made
  /// them.
  bool reasoning_details = false;
  bool flatten_text_parts = false;  ///< an array of text parts becomes a string; images stay as they are
  bool keep_extras = false;     ///< members beyond OpenAI's schema (extra_content) in messages and tool calls
  bool empty_for_null = false;  ///< content null becomes "" (only seen when the messages are rewritten; see
                                ///< must_edit_messages)
};

/// How tool_choice is said.
struct ToolChoiceRules {
  std::string_view required = "required";
  bool send_auto = true;           ///< false: "auto" is left out
  bool named_to_required = false;  ///< {"type":"function",...} becomes `required`
};

struct OpenAiDialect {
  // keys and paths
  std::string_view chat_path = "/chat/completions";
  std::string_view probe_path = "/models";  ///< GET; "": no free probe (build_probe answers E_UNSUPPORTED)
  std::string_view key_prefix{};
  std::size_t key_min_length = 8, key_max_length = 512;
  std::uint32_t credential_part = 0;  ///< 1 or 2: that part of "a:b"

  // request
  std::span<const MemberRule> members{};
  bool keep_unlisted = false;
  std::string_view max_tokens_name = "max_tokens";  ///< both of OpenAI's names become this one
  std::uint64_t default_max_tokens = 0;  ///< written when the client said nothing; 0: nothing is written
  std::uint32_t max_stops = 4;
  bool stop_as_array = false;    ///< a single string is wrapped
  bool ask_stream_usage = true;  ///< stream_options.include_usage with every stream
  ToolChoiceRules tool_choice{};
  MessageRules messages{};

  // answer
  bool split_think_tags = true;  ///< a leading <think> of the text is reasoning
  /// Members of a chunk or answer whose own `usage` and `error` count as the chunk's (x_groq).
  std::span<const std::string_view> envelopes{};

  // errors and limits
  std::span<const ErrorRow> errors{};
  std::span<const LimitHeaders> limits{};

  // beside chat: paths of the endpoints in OpenAI's shape; "": not served
  std::string_view embeddings_path{}, images_path{}, speech_path{};
  /// Rules for the members of their requests; what has none is kept when OpenAI's request of that name has
  /// it.
  std::span<const MemberRule> endpoint_members{};
};

}  // namespace freellmapi::sdk
