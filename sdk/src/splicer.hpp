// Writes a JSON object as pieces: the client's members from where they lie, our own beside them.
#pragma once

#include <array>
#include <cstdint>
#include <freellmapi/json.hpp>
#include <freellmapi/openai_dialect.hpp>
#include <freellmapi/views.hpp>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace freellmapi::sdk {

/// Gathers our own text and runs of the client's members; a run of neighbours leaves as one piece, the last
/// one with its brace, or is copied when a piece of its own would cost more.
class Splicer {
 public:
  Splicer(std::string_view body, RequestOut& out) : body_(body), out_(out) {}
  Splicer(const Splicer&) = delete;
  Splicer& operator=(const Splicer&) = delete;

  /// `value` is JSON text.
  void own(std::string_view name, std::string_view value) {
    begin(name);
    put(value);
  }
  void own_string(std::string_view name, std::string_view text) {
    begin(name);
    put_string(text);
  }
  void own_number(std::string_view name, std::uint64_t number);
  /// `name` is ours, `value` lies in the client's body.
  void renamed(std::string_view name, std::string_view value) {
    begin(name);
    run_ = value;
  }
  void kept(const freellm_member& member);
  /// Members that are already JSON text, without a comma in front.
  void tail(std::string_view members) {
    if (members.empty()) return;
    begin();
    put(members);
  }
  void close();

 private:
  static constexpr std::size_t copied = 64;

  bool inside(std::string_view s) const noexcept {
    const std::less_equal<const char*> before;
    return s.data() != nullptr && before(body_.data(), s.data()) &&
           before(s.data() + s.size(), body_.data() + body_.size());
  }
  void begin() {
    flush_run();
    put(first_ ? '{' : ',');
    first_ = false;
  }
  void begin(std::string_view name) {
    begin();
    put_string(name);
    put(':');
  }
  void put(char c) {
    if (used_ == own_.size()) flush_own();
    own_[used_++] = c;
  }
  void put(std::string_view text) {
    if (text.size() > own_.size() - used_) {
      flush_own();
      if (text.size() > own_.size()) return out_.body(text);
    }
    used_ += text.copy(own_.data() + used_, text.size());
  }
  void put_string(std::string_view text);
  void flush_own() {
    out_.body({own_.data(), used_});
    used_ = 0;
  }
  void flush_run() {
    if (run_.size() <= copied) {
      put(run_);
    } else {
      flush_own();
      out_.body(run_);
    }
    run_ = {};
  }

  std::string_view body_;
  RequestOut& out_;
  std::array<char, 512> own_;  // the first used_ of it, not written yet
  std::size_t used_ = 0;
  std::string_view run_;  // stands behind own_
  bool first_ = true;
};

/// The rule for a member; without one it is kept when it is `known`, else dropped.
const MemberRule& rule_for(std::span<const MemberRule> rules, std::span<const std::string_view> known,
                           std::string_view name) noexcept;
/// Without a rule it is kept.
const MemberRule& rule_or_keep(std::span<const MemberRule> rules, std::string_view name) noexcept;

/// The number a clamp writes in place of `text`; nothing when it may stay.
std::optional<std::string> clamped(const MemberRule& rule, std::string_view text);

}  // namespace freellmapi::sdk
