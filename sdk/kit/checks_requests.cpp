// What leaves for each canonical call: a clean E_INVALID or one legal request.
#include <algorithm>
#include <set>

#include "kit/calls.hpp"
#include "kit/checks.hpp"
#include "kit/compare.hpp"
#include "kit/drive.hpp"
#include "kit/words.hpp"

namespace freellmapi::kit {
namespace {

void need_wire(const Facts& facts, Judge& judge) {
  if (facts.local) judge.skip("the provider answers by itself");
}

/// The call for every chat model that it fits; true when there was one.
bool for_each_model(const Facts& facts, const CanonicalCall& call,
                    const std::function<void(const ClientCall&, const ModelFacts&)>& body) {
  bool any = false;
  for (const ModelFacts& model : facts.chat_models()) {
    if (!fits(call, model)) continue;
    any = true;
    body(client_call(call, model), model);
  }
  return any;
}

/// Every call to its first fitting model, with what was written; only good requests.
void for_each_request(
    const Facts& facts, Judge& judge,
    const std::function<void(const CanonicalCall&, const ClientCall&, const Written&)>& body) {
  need_wire(facts, judge);
  for (const CanonicalCall& call : canonical_calls())
    for (const ModelFacts& model : facts.chat_models()) {
      if (!fits(call, model) || judge.enough()) continue;
      const ClientCall client = client_call(call, model);
      const HostCall host(client);
      const Written written = write_request(*facts.provider, *host.get());
      if (written.status >= 0) body(call, client, written);
      break;
    }
}

std::string named(const CanonicalCall& call) { return "call '" + std::string(call.name) + "': "; }

void judge_legal(const std::string& where, const Written& written, Judge& judge) {
  for (const std::string& fault : written.faults) judge.fail(where + fault);
  const std::string* const type = written.header("content-type");
  const bool is_json = type != nullptr && type->find("json") != type->npos;
  if (!written.body.empty()) judge.expect(type != nullptr, where + "a body without a content-type");
  if (!is_json) return;
  json::error_code error;
  const json::value body = json::parse(written.body, error);
  if (!judge.expect(!error, [&] { return where + "the body is no JSON: " + printable(written.body, 200); }))
    return;
  if (!body.is_object()) return;
  std::set<std::string_view> names;
  for (const freellm_member& member : top_members(written.body))
    judge.expect(names.insert(view(member.name)).second,
                 [&] { return where + "the member " + std::string(view(member.name)) + " stands twice"; });
}

void judge_call(const Facts& facts, const CanonicalCall& call, Judge& judge) {
  need_wire(facts, judge);
  const bool any = for_each_model(facts, call, [&](const ClientCall& client, const ModelFacts& model) {
    if (judge.enough()) return;
    const std::string where = "model " + model.id + ": ";
    const HostCall host(client);
    const Written written = write_request(*facts.provider, *host.get());
    if (written.status < 0) {
      judge.expect(written.status == FREELLM_E_INVALID && !call.must_be_possible, [&] {
        return where + "build_request gave " + status_word(written.status) +
               (call.must_be_possible ? " for a call that every provider takes" : " instead of E_INVALID");
      });
      return;
    }
    judge_legal(where, written, judge);
  });
  if (!any) judge.skip("no model of the manifest takes such a call");
}

void judge_model(const Facts& facts, Judge& judge) {
  if (facts.models.size() == 1 && !facts.openai()) judge.skip("it has one model");
  for_each_request(
      facts, judge, [&](const CanonicalCall& call, const ClientCall& client, const Written& written) {
        const std::string quoted = json::serialize(json::value(client.model));
        const bool there = written.body.find(quoted) != std::string::npos ||
                           written.path.find(client.model) != std::string::npos;
        judge.expect(there, named(call) + "neither body nor path names the model " + client.model);
      });
}

void judge_stream_asked(const Facts& facts, Judge& judge) {
  need_wire(facts, judge);
  const ClientCall plain = plain_call(facts), stream = plain_call(facts, true);
  const HostCall plain_host(plain), stream_host(stream);
  const Written a = write_request(*facts.provider, *plain_host.get());
  const Written b = write_request(*facts.provider, *stream_host.get());
  if (a.status < 0 || b.status < 0) return judge.fail("the plain call or its stream is not possible");
  const bool differ = a.body != b.body || a.path != b.path;
  if (!facts.openai()) {
    if (!differ) judge.advise("a stream is asked for as anything else is");
    return;
  }
  const auto asks = [](const Written& written) {
    const json::value* const member = json::parse(written.body).as_object().if_contains("stream");
    return member != nullptr && *member == json::value(true);
  };
  judge.expect(asks(b), "the call wants a stream and the request says no \"stream\": true");
  if (asks(a)) judge.advise("it asks for a stream when none is wanted");
}

void judge_credential(const Facts& facts, Judge& judge) {
  for_each_request(facts, judge, [&](const CanonicalCall& call, const ClientCall&, const Written& written) {
    const bool asked = !written.credentials.empty() || written.path.find("{key") != std::string::npos;
    if (facts.keys_required)
      judge.expect(asked, named(call) + "the manifest needs keys and the request marks no place for one");
    if (!facts.keys_possible)
      judge.expect(!asked, named(call) + "the manifest has no keys and the request asks for one");
  });
}

/// The largest number under one of the names that providers have for it.
std::uint64_t bound_in(const json::value& value) {
  constexpr std::string_view names[] = {"max_tokens", "max_completion_tokens", "maxOutputTokens",
                                        "num_predict", "max_output_tokens"};
  std::uint64_t most = 0;
  if (!value.is_object()) return most;
  for (const auto& [name, member] : value.get_object()) {
    const bool known =
        std::find(std::begin(names), std::end(names), std::string_view(name)) != std::end(names);
    if (known && member.is_number()) most = std::max(most, member.to_number<std::uint64_t>());
    if (member.is_object()) most = std::max(most, bound_in(member));
  }
  return most;
}

void judge_bound(const Facts& facts, Judge& judge) {
  for_each_request(
      facts, judge, [&](const CanonicalCall& call, const ClientCall& client, const Written& written) {
        json::error_code error;
        const json::value body = json::parse(written.body, error);
        const std::uint64_t said = error ? 0 : bound_in(body);
        if (written.output_bound)
          judge.expect(*written.output_bound >= said, named(call) + "output_bound " +
                                                          std::to_string(*written.output_bound) +
                                                          " is less than the body's " + std::to_string(said));
        else if (said > 0)
          judge.fail(named(call) + "the body allows " + std::to_string(said) +
                     " tokens and output_bound says nothing");
        if (client.max_output_tokens > 0 && written.output_bound && facts.openai())
          judge.expect(said > 0, named(call) + "the client's limit of tokens is gone");
      });
}

void judge_long_prompt(const Facts& facts, Judge& judge) {
  constexpr std::size_t copied_most = 64 * 1'024, larger_most = 64 * 1'024;
  for_each_request(
      facts, judge, [&](const CanonicalCall& call, const ClientCall& client, const Written& written) {
        if (call.name != "long-prompt") return;
        judge.expect(
            written.body.size() <= client.body.size() + larger_most,
            "the request has " + std::to_string(written.body.size()) + " bytes for a prompt of 1 MiB");
        if (facts.openai())
          judge.expect(
              written.copied <= copied_most,
              std::to_string(written.copied) +
                  " bytes of the body are copied; messages that need no change are sent from where they lie");
      });
}

void judge_unknown_members(const Facts& facts, Judge& judge) {
  if (facts.models.empty()) judge.skip("an endpoint of any kind passes on what it is given");
  for_each_request(facts, judge, [&](const CanonicalCall& call, const ClientCall&, const Written& written) {
    if (call.name != "unknown-members") return;
    const bool there = written.body.find(unknown_member) != std::string::npos ||
                       written.body.find(unknown_value) != std::string::npos;
    if (!facts.openai() && there) judge.advise("members that it does not know are forwarded");
    if (facts.openai())
      judge.expect(!there, "a member that no schema has is forwarded: strict providers answer 400");
  });
}

void judge_heads(const Facts& facts, Judge& judge) {
  for_each_request(
      facts, judge, [&](const CanonicalCall& call, const ClientCall& client, const Written& written) {
        const HostCall host(client);
        const auto behind = write_behind_head(*facts.provider, *host.get());
        if (!behind) judge.skip("it has no freellm.heads/1");
        judge.expect(*behind == written, named(call) + "behind a fixed head it writes another request");
      });
}

void judge_same(const Facts& facts, Judge& judge) {
  for_each_request(facts, judge,
                   [&](const CanonicalCall& call, const ClientCall& client, const Written& written) {
                     // Another place in memory, and what is behind the call's texts differs.
                     const ClientCall other = client;
                     const HostCall host(other);
                     judge.expect(write_request(*facts.provider, *host.get()) == written,
                                  named(call) + "the same call gives other bytes the second time");
                   });
}

void judge_stops(const Facts& facts, Judge& judge) {
  for_each_request(
      facts, judge, [&](const CanonicalCall& call, const ClientCall& client, const Written& written) {
        if (call.name != "tools" && call.name != "plain") return;
        const std::size_t callbacks =
            3 + written.headers.size() + written.credentials.size() + written.pieces;
        for (std::size_t allowed = 0; allowed < std::min<std::size_t>(callbacks, 40) && !judge.enough();
             ++allowed) {
          const HostCall host(client);
          RequestSink sink(host.get()->body, allowed);
          const freellm_status status = facts.provider->build_request(facts.provider, host.get(), sink.out());
          if (sink.calls() <= allowed) return;  // all of it was allowed
          judge.expect(status == FREELLM_E_STOPPED && sink.calls() == allowed + 1, [&] {
            return named(call) + "the host stopped after " + std::to_string(allowed) +
                   " callbacks; the plugin made " + std::to_string(sink.calls() - allowed - 1) +
                   " more and gave " + status_word(status);
          });
        }
      });
}

void judge_content(const Facts& facts, Judge& judge) {
  for_each_request(facts, judge, [&](const CanonicalCall& call, const ClientCall&, const Written& written) {
    if (call.name == "unicode") judge.expect(is_utf8(written.body), "the body is no UTF-8");
    if (call.name == "system")
      judge.expect(written.body.find("Be brief.") != std::string::npos, "the system message is lost");
    if (call.name == "tools")
      judge.expect(written.body.find("get_weather") != std::string::npos, "the tool is lost");
    if (call.name == "parallel-results")
      judge.expect(written.body.find("4 degrees") != std::string::npos &&
                       written.body.find("20 degrees") != std::string::npos,
                   "a tool's result is lost");
    if (call.name == "many-tools")
      judge.expect(written.body.find("\"tool_127\"") != std::string::npos, "some of 128 tools are lost");
    if (call.name == "image")
      judge.expect(written.body.find("iVBORw0KGgo") != std::string::npos, "the image is lost");
    if (call.name == "turns")
      judge.expect(written.body.find("Count.") < written.body.find("more"),
                   "the turns are not in their order");
  });
}

void judge_probe(const Facts& facts, Judge& judge) {
  if (facts.provider->build_probe == nullptr) judge.skip("it has no probe");
  const Written written = write_probe(*facts.provider);
  if (written.status == FREELLM_E_UNSUPPORTED) judge.skip("it has no probe");
  if (!judge.expect(written.status >= 0, "build_probe gave " + status_word(written.status))) return;
  judge_legal("", written, judge);
  judge.expect(write_probe(*facts.provider) == written, "the probe is another one the second time");
  const bool asked = !written.credentials.empty() || written.path.find("{key") != std::string::npos;
  judge.expect(asked, "a probe without the key tells nothing about it");
  const std::string path = lower(written.path);
  for (const char* const spends : {"/completions", "generatecontent", "/images/", "/embeddings"})
    judge.expect(path.find(spends) == path.npos, "the probe spends quota: " + written.path);
}

}  // namespace

void add_request_checks(std::vector<Check>& checks) {
  Group group(checks, "requests");
  for (const CanonicalCall& call : canonical_calls())
    group.each(std::string(call.name), std::string(call.title),
               [&call](const Facts& f, Judge& j) { judge_call(f, call, j); });
  group.each("names-the-model", "every request names its model", judge_model);
  group.each("asks-for-a-stream", "a stream is asked for when the call wants one", judge_stream_asked);
  group.each("credential", "the key's place is marked exactly when there are keys", judge_credential);
  group.each("bound", "output_bound is not less than what the body allows", judge_bound);
  group.each("long-prompt-copied", "a prompt of 1 MiB is not copied and not blown up", judge_long_prompt);
  group.each("unknown-members-dropped", "members that no schema has are not forwarded blindly",
             judge_unknown_members);
  group.each("fixed-heads", "behind a head that is known before, the same request is written", judge_heads);
  group.each("same-bytes", "the same call gives the same bytes", judge_same);
  group.each("stops", "it stops when the host says so", judge_stops);
  group.each("content", "no message, tool, result or image is lost", judge_content);
  group.each("probe", "the probe is legal, holds the key and spends no quota", judge_probe);
}

}  // namespace freellmapi::kit
