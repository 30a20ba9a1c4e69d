#include "kit/words.hpp"

#include <span>

namespace freellmapi::kit {
namespace {

constexpr std::string_view classes[] = {"unknown",
                                        "rate_limited",
                                        "quota_exhausted",
                                        "auth_invalid",
                                        "auth_forbidden",
                                        "payment_required",
                                        "model_not_found",
                                        "model_gone",
                                        "model_unavailable",
                                        "model_forbidden",
                                        "context_too_long",
                                        "bad_request",
                                        "content_filtered",
                                        "overloaded",
                                        "server_error",
                                        "timeout",
                                        "network",
                                        "malformed",
                                        "empty",
                                        "truncated",
                                        "provider_gone",
                                        "provider_blocked"};
constexpr std::string_view scopes[] = {"default", "request", "key_model", "key",
                                       "account", "model",   "provider",  "ip"};
constexpr std::string_view windows[] = {"unknown", "second", "minute", "hour",
                                        "day",     "week",   "month",  "session"};
constexpr std::string_view units[] = {"unknown",       "requests",    "tokens", "input_tokens",
                                      "output_tokens", "concurrency", "money"};
constexpr std::string_view statuses[] = {"ok",          "E_INVALID", "E_UNSUPPORTED", "E_PROTOCOL",
                                         "E_TRUNCATED", "E_LIMIT",   "E_STOPPED",     "E_INTERNAL"};

std::string word(std::span<const std::string_view> words, std::uint32_t value) {
  return value < words.size() ? std::string(words[value]) : std::to_string(value);
}

}  // namespace

std::string class_word(std::uint32_t value) { return word(classes, value); }
std::string scope_word(std::uint32_t value) { return word(scopes, value); }
std::string window_word(std::uint32_t value) { return word(windows, value); }
std::string unit_word(std::uint32_t value) { return word(units, value); }
std::string status_word(std::int32_t status) { return word(statuses, static_cast<std::uint32_t>(-status)); }

}  // namespace freellmapi::kit
