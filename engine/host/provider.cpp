#include "host/provider.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "host/guard.hpp"
#include "host/plugins.hpp"
#include "host/request_writer.hpp"
#include "host/tables.hpp"

namespace freellmapi::host {

namespace {

constexpr std::size_t key_characters_shown = 8;
constexpr std::size_t error_body_max = 64u * 1024;
constexpr std::size_t windows_max = 32;
constexpr std::int64_t reset_max_ms = std::int64_t{366} * 86'400'000;  // beyond it no window is meant

bool is_known(const freellm_window& window) noexcept {
  return window.unit > FREELLM_UNIT_UNKNOWN && window.unit <= FREELLM_UNIT_MONEY;
}

}  // namespace

Provider::Provider(std::shared_ptr<const Plugin> plugin, const freellm_provider& described)
    : plugin_(std::move(plugin)),
      raw_(&described),
      table_(adopt(&described)),
      id_(view(table_.id)),
      manifest_(view(table_.manifest)) {
  if (table_.get_extension == nullptr) return;
  const auto* local = static_cast<const freellm_local*>(extension(FREELLM_EXT_LOCAL));
  if (local != nullptr && FREELLM_HAS(local, answer) && local->answer != nullptr) local_ = local;
  const auto* salvage = static_cast<const freellm_salvage*>(extension(FREELLM_EXT_SALVAGE));
  if (salvage != nullptr && FREELLM_HAS(salvage, salvage) && salvage->salvage != nullptr) salvage_ = salvage;
  take_heads(static_cast<const freellm_heads*>(extension(FREELLM_EXT_HEADS)));
  const auto* whole = static_cast<const freellm_whole*>(extension(FREELLM_EXT_WHOLE));
  if (whole != nullptr && FREELLM_HAS(whole, read) && whole->read != nullptr) whole_ = whole;
  const auto* cost = static_cast<const freellm_cost*>(extension(FREELLM_EXT_COST));
  if (cost != nullptr && FREELLM_HAS(cost, stated)) cost_ = cost;
  const auto* more = static_cast<const freellm_endpoints*>(extension(FREELLM_EXT_ENDPOINTS));
  if (more != nullptr && FREELLM_HAS(more, read_answer) && more->build_request != nullptr &&
      more->read_answer != nullptr)
    endpoints_ = more;
}

const void* Provider::extension(std::string_view id) const noexcept {
  const void* found = nullptr;
  call_plugin([&] {
    found = table_.get_extension(raw_, str(id));
    return FREELLM_OK;
  });
  return found;
}

// A head that would be refused in a request is left to those who write it there, and hear why.
void Provider::take_heads(const freellm_heads* heads) {
  constexpr std::uint32_t most = 16;
  if (heads == nullptr || !FREELLM_HAS(heads, build_request) || heads->build_request == nullptr) return;
  if (heads->count == 0 || heads->count > most || heads->heads == nullptr) return;
  for (const freellm_fixed_head& head : std::span(heads->heads, heads->count)) {
    if (head.fields == nullptr && head.field_count != 0) return fixed_.clear();
    base::Result<UpstreamRequest> judged = written_by(id_, {}, [&](RequestWriter& writer) {
      freellm_request_out* const out = writer.out();
      freellm_status status = out->target(out, head.method, head.path);
      for (std::size_t i = 0; i < head.field_count && status >= 0; ++i) {
        const freellm_head_field& field = head.fields[i];
        status = field.part == FREELLM_NO_CREDENTIAL
                     ? out->header(out, field.name, field.value)
                     : out->credential(out, field.name, field.value, field.part);
      }
      return status;
    });
    if (!judged) return fixed_.clear();
    judged->fix();
    fixed_.push_back(std::move(*judged));
  }
  heads_ = heads;
}

bool Provider::has_key_shape(std::string_view key) const {
  if (table_.check_key_shape == nullptr) return true;
  return call_plugin([&] {
           return table_.check_key_shape(raw_, str(key.substr(0, key_characters_shown)), key.size());
         }) >= 0;
}

base::Result<UpstreamRequest> Provider::build_request(const freellm_call& call) const {
  return written_by(id_, view(call.body), [&](RequestWriter& writer) {
    if (heads_ == nullptr)
      return call_plugin([&] { return table_.build_request(raw_, &call, writer.out()); });
    std::uint32_t head = 0;
    const freellm_status status =
        call_plugin([&] { return heads_->build_request(raw_, &call, writer.out(), &head); });
    if (status >= 0) writer.stand_behind(head < fixed_.size() ? &fixed_[head] : nullptr);
    return status;
  });
}

base::Result<UpstreamRequest> Provider::build_probe() const {
  if (table_.build_probe == nullptr) {
    return base::Error{base::Errc::not_found, "the provider has no free way to test a key", id_};
  }
  return written_by(id_, {}, [&](RequestWriter& writer) {
    return call_plugin([&] { return table_.build_probe(raw_, writer.out()); });
  });
}

freellm_outcome Provider::classify(const freellm_head& head, std::string_view body,
                                   std::int64_t now_unix_ms) const {
  Fenced<freellm_outcome> fenced{{}, blank_outcome(), {}};
  const freellm_status status = call_plugin([&] {
    return table_.classify_error(raw_, &head, str(body.substr(0, error_body_max)), now_unix_ms,
                                 &fenced.value);
  });
  if (!fenced.intact() || status <= FREELLM_E_INTERNAL) return failed_outcome();
  return status < 0 ? blank_outcome() : known_outcome(fenced.value);
}

std::vector<freellm_window> Provider::read_limits(const freellm_head& head, std::int64_t now_unix_ms) const {
  if (table_.read_limits == nullptr) return {};
  Fenced<std::array<freellm_window, windows_max>> fenced;
  const std::array<freellm_window, windows_max>& windows = fenced.value;
  std::size_t count = 0;
  const freellm_status status = call_plugin(
      [&] { return table_.read_limits(raw_, &head, now_unix_ms, fenced.value.data(), windows_max, &count); });
  // What it says of limits is a hint; one that cannot write it down says nothing.
  if (status < 0 || !fenced.intact()) return {};
  std::vector<freellm_window> result;
  for (std::size_t i = 0; i < std::min(count, windows.size()); ++i) {
    freellm_window window = windows[i];
    if (!is_known(window)) continue;
    if (window.window > FREELLM_WINDOW_SESSION) window.window = FREELLM_WINDOW_UNKNOWN;
    if (window.scope > FREELLM_SCOPE_IP) window.scope = FREELLM_SCOPE_DEFAULT;
    if (window.reset_in_ms < 0 || window.reset_in_ms > reset_max_ms) window.reset_in_ms = -1;
    result.push_back(window);
  }
  return result;
}

}  // namespace freellmapi::host
