// A provider for tests, driven through its C tables as the host does it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <freellmapi/openai.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace freellmapi::sdk {

/// What came out of a parser: one line an event, neighbouring texts joined.
struct Answer {
  std::vector<std::string> events;
  freellm_status end = FREELLM_OK;
};

struct EventLog {
  std::vector<std::string> lines;
  std::string joined_kind;
  freellm_events_out out{};
  freellm_status reply = FREELLM_OK;

  EventLog() {
    out.size = sizeof out;
    out.ctx = this;
    out.emit = [](freellm_events_out* o, const freellm_event* e) -> freellm_status {
      auto& self = *static_cast<EventLog*>(o->ctx);
      self.take(*e);
      return self.reply;
    };
  }
  void piece(const std::string& kind, std::string_view text) {
    if (kind == joined_kind) {
      lines.back() += text;
    } else {
      lines.push_back(kind + " " + std::string(text));
    }
    joined_kind = kind;
  }
  void take(const freellm_event& e) {
    const auto text = [&] { return view(reinterpret_cast<const freellm_ev_text&>(e).text); };
    if (e.type == FREELLM_EV_TEXT) return piece("text", text());
    if (e.type == FREELLM_EV_REASONING) return piece("reasoning", text());
    if (e.type == FREELLM_EV_REFUSAL) return piece("refusal", text());
    joined_kind.clear();
    if (e.type == FREELLM_EV_FINISH)
      lines.push_back("finish " + std::string(view(reinterpret_cast<const freellm_ev_finish&>(e).reason)));
    if (e.type == FREELLM_EV_USAGE) {
      const auto& u = reinterpret_cast<const freellm_ev_usage&>(e);
      const auto n = [](std::uint64_t v) { return v == not_said ? std::string("-") : std::to_string(v); };
      lines.push_back("usage " + n(u.input_tokens) + " " + n(u.output_tokens) + " " + n(u.cached_tokens) +
                      " " + n(u.reasoning_tokens));
    }
    if (e.type == FREELLM_EV_TOOL) {
      const auto& t = reinterpret_cast<const freellm_ev_tool&>(e);
      lines.push_back("tool " + std::to_string(t.index) + " [" + std::string(view(t.id)) + "] " +
                      std::string(view(t.name)) + " " + std::string(view(t.arguments)) +
                      std::string(view(t.extra)));
    }
    if (e.type == FREELLM_EV_ERROR) {
      const auto& o = *reinterpret_cast<const freellm_ev_error&>(e).outcome;
      lines.push_back("error " + std::to_string(o.error_class) + " " + o.message);
    }
    if (e.type == FREELLM_EV_EXTRA) {
      const auto& x = reinterpret_cast<const freellm_ev_extra&>(e);
      lines.push_back("extra " + std::to_string(x.place) + " " + std::string(view(x.name)) + " " +
                      std::string(view(x.json)));
    }
  }
};

/// Parses `body` in one piece with the provider of type P; in one call, where it has that, it is to come out
/// the same.
template <class P>
Answer parse_answer(std::string_view body, std::string_view content_type) {
  const freellm_provider& table = provider_table<P>;
  const freellm_header field{str("content-type"), str(content_type)};
  freellm_head head{};
  head.size = sizeof head;
  head.http_status = 200;
  head.headers = &field;
  head.header_count = content_type.empty() ? 0 : 1;
  freellm_call call{};
  call.size = sizeof call;
  const std::unique_ptr<void, decltype(&std::free)> memory(
      std::aligned_alloc(64, (table.parser_size + 63U) / 64U * 64U), &std::free);
  EventLog log;
  Answer answer;
  answer.end = table.parser_open(&table, memory.get(), &call, &head);
  if (answer.end < 0) return answer;
  answer.end = table.parser_feed(memory.get(), body.data(), body.size(), &log.out);
  if (answer.end >= 0) answer.end = table.parser_finish(memory.get(), &log.out);
  table.parser_close(memory.get());
  answer.events = log.lines;
  const void* const whole =
      table.get_extension == nullptr ? nullptr : table.get_extension(&table, str(FREELLM_EXT_WHOLE));
  if (whole != nullptr) {
    EventLog again;
    const freellm_status end =
        static_cast<const freellm_whole*>(whole)->read(&table, &call, &head, str(body), &again.out);
    EXPECT_EQ(end, std::min<freellm_status>(answer.end, FREELLM_OK));
    EXPECT_EQ(again.lines, answer.events);
  }
  return answer;
}

/// What a provider wrote. `pieces` keeps the pointers it gave.
struct Written {
  freellm_status status = FREELLM_OK;
  std::string method, path, body;
  std::vector<std::string> headers;
  std::vector<std::string_view> pieces;
  std::uint64_t bound = 0;
  freellm_request_out out{};

  Written() {
    out.size = sizeof out;
    out.ctx = this;
    out.target = [](freellm_request_out* o, freellm_str m, freellm_str p) -> freellm_status {
      self(o).method = view(m);
      self(o).path = view(p);
      return FREELLM_OK;
    };
    out.header = [](freellm_request_out* o, freellm_str n, freellm_str v) -> freellm_status {
      self(o).headers.push_back(std::string(view(n)) + ": " + std::string(view(v)));
      return FREELLM_OK;
    };
    out.credential = [](freellm_request_out* o, freellm_str n, freellm_str p,
                        std::uint32_t part) -> freellm_status {
      self(o).headers.push_back(std::string(view(n)) + ": " + std::string(view(p)) + "<" +
                                std::to_string(part) + ">");
      return FREELLM_OK;
    };
    out.body = [](freellm_request_out* o, const void* data, std::size_t n) -> freellm_status {
      self(o).pieces.emplace_back(static_cast<const char*>(data), n);
      self(o).body.append(static_cast<const char*>(data), n);
      return FREELLM_OK;
    };
    out.output_bound = [](freellm_request_out* o, std::uint64_t n) -> freellm_status {
      self(o).bound = n;
      return FREELLM_OK;
    };
  }
  Written(const Written&) = delete;
  Written& operator=(const Written&) = delete;

 private:
  static Written& self(freellm_request_out* o) { return *static_cast<Written*>(o->ctx); }
};

using Fields = std::vector<std::pair<std::string, std::string>>;

/// A call made of members; the body is written here, as {"a":1,"b":2}.
struct Client {
  std::string text;
  Fields given;
  std::vector<freellm_member> members;
  freellm_call call{};

  explicit Client(Fields fields, std::string_view gap = "") : given(std::move(fields)) {
    std::vector<std::size_t> places;
    text = "{";
    for (const auto& [name, value] : given) {
      if (text.size() > 1) text += "," + std::string(gap);
      places.push_back(text.size() + 1);
      text += "\"" + name + "\":" + std::string(gap);
      places.push_back(text.size());
      text += value;
    }
    text += "}";
    for (std::size_t i = 0; i < given.size(); ++i)
      members.push_back({{text.data() + places[2 * i], given[i].first.size()},
                         {text.data() + places[2 * i + 1], given[i].second.size()}});
    call.size = sizeof call;
    call.model = str("real-model");
    call.body = str(text);
    call.members = members.data();
    call.member_count = members.size();
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
};

template <class P>
void write_request(const Client& client, Written& written) {
  written.status = provider_table<P>.build_request(&provider_table<P>, &client.call, &written.out);
}

template <class P>
std::string body_of(const Client& client) {
  Written written;
  write_request<P>(client, written);
  return written.status == FREELLM_OK ? written.body : "status " + std::to_string(written.status);
}

}  // namespace freellmapi::sdk
