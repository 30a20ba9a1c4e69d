// Writes a JSON object as pieces: the client's members from where they lie, our own beside them.
#pragma once

#include <freellmapi/json.hpp>
#include <freellmapi/openai_dialect.hpp>
#include <freellmapi/views.hpp>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace freellmapi::sdk {

/// Gathers our own text and runs of the client's members; a run of neighbours leaves as one piece, or is
/// copied when a piece of its own would cost more.
class Splicer {
 public:
  Splicer(std::string_view body, RequestOut& out) : body_(body), out_(out) { own_.reserve(usual_own); }

  void own(std::string_view name, std::string_view value) {
    begin();
    append_json_string(own_, name);
    own_ += ':';
    own_ += value;
  }
  /// `name` is ours, `value` lies in the client's body.
  void renamed(std::string_view name, std::string_view value) {
    begin();
    append_json_string(own_, name);
    own_ += ':';
    run_ = value;
  }
  void kept(const freellm_member& member) {
    const std::string_view name = view(member.name), value = view(member.value);
    const bool plain = inside(name) && inside(value) && name.data() != body_.data() &&
                       name.data()[-1] == '"' && name.data() + name.size() < value.data() &&
                       name.data()[name.size()] == '"';
    if (!plain) return renamed(name, value);
    const char* const from = name.data() - 1;
    const char* const to = value.data() + value.size();
    if (run_.data() != nullptr && neighbours(run_.data() + run_.size(), from)) {
      run_ = {run_.data(), static_cast<std::size_t>(to - run_.data())};
      return;
    }
    begin();
    run_ = {from, static_cast<std::size_t>(to - from)};
  }
  /// Members that are already JSON text, without a comma in front.
  void tail(std::string_view members) {
    if (members.empty()) return;
    begin();
    own_ += members;
  }
  void close() {
    flush_run();
    if (first_) own_ += '{';
    own_ += '}';
    flush_own();
  }

 private:
  static constexpr std::size_t usual_own = 256, copied = 64;

  bool inside(std::string_view s) const noexcept {
    const std::less_equal<const char*> before;
    return s.data() != nullptr && before(body_.data(), s.data()) &&
           before(s.data() + s.size(), body_.data() + body_.size());
  }
  // The host may have taken a member out of the list, so between two members of the list there may be a
  // third.
  static bool neighbours(const char* at, const char* to) noexcept {
    if (std::less<const char*>{}(to, at)) return false;
    bool comma = false;
    for (; at != to; ++at) {
      if (*at == ',' && !comma) {
        comma = true;
      } else if (*at != ' ' && *at != '\t' && *at != '\n' && *at != '\r') {
        return false;
      }
    }
    return comma;
  }
  void begin() {
    flush_run();
    own_ += first_ ? '{' : ',';
    first_ = false;
  }
  void flush_own() {
    out_.body(own_);
    own_.clear();
  }
  void flush_run() {
    if (run_.size() <= copied) {
      own_ += run_;
    } else {
      flush_own();
      out_.body(run_);
    }
    run_ = {};
  }

  std::string_view body_;
  RequestOut& out_;
  std::string own_;
  std::string_view run_;  // stands behind own_
  bool first_ = true;
};

/// The rule for a member; without one it is kept when it is `known`, else dropped.
MemberRule rule_for(std::span<const MemberRule> rules, std::span<const std::string_view> known,
                    std::string_view name) noexcept;

/// The number a clamp writes in place of `text`; nothing when it may stay.
std::optional<std::string> clamped(const MemberRule& rule, std::string_view text);

}  // namespace freellmapi::sdk
