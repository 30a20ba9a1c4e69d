#include <array>
#include <freellmapi/openai.hpp>

namespace freellmapi::sdk {

bool OpenAiProvider::check_key_shape(std::string_view first_8, std::size_t length) const noexcept {
  // Of a long prefix only the shown part can be compared.
  const std::string_view prefix = dialect_.key_prefix.substr(0, 8);
  return length >= dialect_.key_min_length && length <= dialect_.key_max_length &&
         first_8.starts_with(prefix);
}

void OpenAiProvider::build_request(const Call& call, RequestOut& out) const {
  const FixedHead head = fixed_heads()[asks_stream(call) ? 1 : 0];
  out.target(head.method, head.path);
  for (const FixedHead::Field& field : head.fields) {
    if (field.part != FREELLM_NO_CREDENTIAL) {
      out.credential(field.name, field.value, field.part);
    } else if (!field.name.empty()) {
      out.header(field.name, field.value);
    }
  }
  build_behind_head(call, out);
}

std::uint32_t OpenAiProvider::build_behind_head(const Call& call, RequestOut& out) const {
  add_headers(call, out);
  write_body(call, out);
  return asks_stream(call) ? 1 : 0;
}

void OpenAiProvider::build_probe(RequestOut& out) const {
  if (dialect_.probe_path.empty()) throw Failure{FREELLM_E_UNSUPPORTED};
  out.target("GET", dialect_.probe_path);
  out.credential("authorization", "Bearer ", dialect_.credential_part);
  out.header("accept", "application/json");
}

void OpenAiProvider::finish_outcome(ErrorFacts& facts, const Headers& head,
                                    std::span<const freellm_window> windows, std::int64_t now_unix_ms,
                                    OutcomeOut& out) const {
  edit_error(facts);
  classify(facts, head, dialect_.errors, windows, now_unix_ms, out);
  edit_outcome(facts, head, out);
}

void OpenAiProvider::classify_error(const Headers& head, std::string_view body, std::int64_t now_unix_ms,
                                    OutcomeOut& out) const {
  std::array<freellm_window, 32> windows{};
  WindowsOut said(windows.data(), windows.size());
  read_limits(head, now_unix_ms, said);
  ErrorFacts facts = read_error(head.status(), body);
  finish_outcome(facts, head, std::span(windows.data(), said.count()), now_unix_ms, out);
}

void OpenAiProvider::classify_in_success(std::string_view error_json, OutcomeOut& out) const {
  freellm_head empty{};
  empty.size = sizeof empty;
  empty.http_status = 200;
  const Headers head(empty);
  ErrorFacts facts = read_error(200, error_json);
  // A parser has no clock; times of day in such an error are not read.
  finish_outcome(facts, head, {}, 0, out);
}

void OpenAiProvider::read_limits(const Headers& head, std::int64_t now_unix_ms, WindowsOut& out) const {
  read_limit_headers(head, dialect_.limits, now_unix_ms, out);
  add_limits(head, now_unix_ms, out);
}

}  // namespace freellmapi::sdk
