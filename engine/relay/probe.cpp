#include "relay/probe.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "base/redact.hpp"
#include "chat/decode.hpp"
#include "relay/abi_head.hpp"
#include "relay/call.hpp"
#include "relay/outcomes.hpp"
#include "relay/sentence.hpp"

namespace freellmapi::relay {

namespace {

constexpr std::size_t answer_most = 64 * 1024;
constexpr std::uint64_t shortest_answer = 1;

Probed told(Probed::Verdict verdict, std::string why) {
  Probed out;
  out.verdict = verdict;
  out.why = std::move(why);
  return out;
}

/// Knows the one key that the provider was shown, and its parts: some are sent one by one.
base::Redactor redactor_of(const policy::Key* key) {
  std::vector<std::string> secrets;
  if (key) {
    const std::string_view whole = key->secret.reveal();
    secrets.emplace_back(whole);
    if (const std::size_t colon = whole.find(':'); colon != std::string_view::npos) {
      secrets.emplace_back(whole.substr(0, colon));
      secrets.emplace_back(whole.substr(colon + 1));
    }
  }
  return base::Redactor(secrets);
}

Probed judge(const Upstream& upstream, const policy::Key* key, const net::UpstreamCall& call,
             const AbiHead& head, std::string_view body, base::WallTime now) {
  const int status = call.status();
  if (is_html(call))
    return told(Probed::Verdict::unknown, fmt::format("a web page came in place of an answer ({})", status));
  if (status >= 200 && status < 300) return told(Probed::Verdict::good, {});
  if (status < 400) return told(Probed::Verdict::unknown, fmt::format("the provider redirects ({})", status));
  const freellm_outcome outcome = upstream.plugin->classify(head.head, body, now.time_since_epoch().count());
  const std::string said = told_sentence(outcome.message, redactor_of(key));
  std::string why =
      fmt::format("{} {}{}{}", status, ruling_of(outcome.error_class).name, said.empty() ? "" : ": ", said);
  const bool clear = outcome.error_class == FREELLM_C_AUTH_INVALID && outcome.definite != 0;
  return told(clear ? Probed::Verdict::refused : Probed::Verdict::unknown, std::move(why));
}

net::Task<Probed> ask(net::Core& core, const Upstream& upstream, const Upstream::Host& at,
                      const host::UpstreamRequest& request, const policy::Key* key) {
  std::vector<net::OutgoingField> fields(request.header_count());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const host::UpstreamRequest::Header& header = request.header(i);
    fields[i] = {header.name, header.value, header.credential};
  }
  net::OutgoingRequest outgoing;
  outgoing.method = request.method();
  outgoing.base_path = at.base_path;
  outgoing.path = request.path();
  outgoing.fields = fields;
  outgoing.lines = request.lines();
  outgoing.body = request.pieces();
  outgoing.secret = key ? &key->secret : nullptr;
  net::Deadlines deadlines = upstream.deadlines;
  deadlines.total = deadlines.connect + deadlines.first_byte + deadlines.idle;
  net::Canceller canceller;
  net::CallError error;
  const std::unique_ptr<net::UpstreamCall> call =
      co_await core.upstream().call(at.origin, outgoing, deadlines, false, canceller, error);
  if (!call) {
    Probed none = told(Probed::Verdict::unknown, fmt::format("no answer ({})", net::name(error.fault)));
    co_return none;
  }
  const AbiHead head(*call);
  std::string answer;
  while (answer.size() < answer_most) {
    const auto bytes = co_await call->read();
    if (!bytes || bytes->empty()) break;
    answer.append(bytes->substr(0, answer_most - answer.size()));
  }
  Probed verdict = judge(upstream, key, *call, head, answer, core.clock().wall());
  co_return verdict;
}

/// The host that the key is tried first at, then the others.
std::vector<const Upstream::Host*> hosts_of(const Upstream& upstream, std::uint32_t first, bool testing) {
  std::vector<const Upstream::Host*> hosts;
  for (std::size_t i = 0; i < upstream.hosts.size(); ++i) {
    const Upstream::Host* host = &upstream.hosts[i];
    if (i == 0 && testing && upstream.probe) host = &*upstream.probe;
    hosts.insert(i == first ? hosts.begin() : hosts.end(), host);
  }
  return hosts;
}

net::Task<Probed> ask_all(net::Core& core, const Upstream& upstream, std::vector<const Upstream::Host*> hosts,
                          const host::UpstreamRequest& request, const policy::Key* key) {
  Probed worst;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    Probed said = co_await ask(core, upstream, *hosts[i], request, key);
    if (said.verdict == Probed::Verdict::good) co_return said;
    // Refused is a key that no host takes: one that cannot be asked leaves it open.
    if (i == 0 || said.verdict == Probed::Verdict::unknown) worst = std::move(said);
  }
  co_return worst;
}

}  // namespace

std::string_view name(Probed::Verdict verdict) noexcept {
  switch (verdict) {
    case Probed::Verdict::good:
      return "good";
    case Probed::Verdict::refused:
      return "refused";
    case Probed::Verdict::unknown:
      break;
  }
  return "cannot be told";
}

bool has_free_probe(const Upstream& upstream) {
  return upstream.plugin && !upstream.plugin->is_local() && upstream.plugin->build_probe().has_value();
}

net::Task<Probed> probe_key(net::Core& core, const Upstream& upstream, const policy::Key& key) {
  const auto request = upstream.plugin->build_probe();
  if (!request) {
    Probed none = told(Probed::Verdict::unknown, "this provider has no test that spends no quota");
    co_return none;
  }
  std::vector<const Upstream::Host*> hosts = hosts_of(upstream, key.host, true);
  co_return co_await ask_all(core, upstream, std::move(hosts), *request, &key);
}

net::Task<Probed> probe_by_chat(net::Core& core, const Upstream& upstream, const policy::Model& model,
                                const policy::Key* key) {
  std::string body = R"({"model":"auto","messages":[{"role":"user","content":"hi"}],"max_tokens":1})";
  auto decoded = chat::decode(body);
  if (!decoded) {
    Probed none = told(Probed::Verdict::unknown, "the request could not be made");
    co_return none;
  }
  const PluginCall call(*decoded, model, model.id, shortest_answer, 1);
  const auto request = upstream.plugin->build_request(call.get());
  if (!request) {
    Probed none = told(Probed::Verdict::unknown, request.error().message);
    co_return none;
  }
  std::vector<const Upstream::Host*> hosts = hosts_of(upstream, key ? key->host : 0, false);
  co_return co_await ask_all(core, upstream, std::move(hosts), *request, key);
}

}  // namespace freellmapi::relay
