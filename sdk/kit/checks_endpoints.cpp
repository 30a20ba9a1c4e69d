// The extension freellm.endpoints/1: embeddings, images and speech.
#include <freellmapi/ext/endpoints.h>

#include <algorithm>

#include "kit/answers.hpp"
#include "kit/checks.hpp"
#include "kit/crossing.hpp"
#include "kit/drive.hpp"
#include "kit/random.hpp"
#include "kit/words.hpp"

namespace freellmapi::kit {
namespace {

struct Endpoint {
  std::uint32_t number;
  std::string_view kind, body, answer;
};
constexpr Endpoint endpoints[] = {
    {FREELLM_ENDPOINT_EMBEDDINGS, "embedding",
     R"({"model":"auto","input":["a","b"],"encoding_format":"float","x_kit_unknown_member":"kit-unknown-value-7f3a"})",
     R"({"object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":[0.1,0.2]},{"object":"embedding","index":1,"embedding":[0.3,0.4]}],"usage":{"prompt_tokens":2,"total_tokens":2}})"},
    {FREELLM_ENDPOINT_IMAGES, "image", R"({"model":"auto","prompt":"a cat","n":1,"size":"1024x1024"})",
     R"({"created":1763800000,"data":[{"b64_json":"aGk="}]})"},
    {FREELLM_ENDPOINT_SPEECH, "speech", R"({"model":"auto","input":"hi","voice":"alloy"})", "RIFFxxxxWAVE"}};

const freellm_endpoints& need(const Facts& facts, Judge& judge) {
  const freellm_provider& p = *facts.provider;
  const void* const found =
      p.get_extension == nullptr ? nullptr : p.get_extension(&p, text(FREELLM_EXT_ENDPOINTS));
  if (found == nullptr) judge.skip("it serves chat alone");
  return *static_cast<const freellm_endpoints*>(found);
}

bool serves(const freellm_endpoints& table, const Endpoint& endpoint) {
  return (table.served & FREELLM_ENDPOINT_BIT(endpoint.number)) != 0;
}

ClientCall call_of(const Facts& facts, const Endpoint& endpoint) {
  ClientCall client;
  client.model = "some-model";
  for (const ModelFacts& model : facts.models)
    if (model.kind == endpoint.kind) client.model = model.id;
  client.body = endpoint.body;
  client.model_flags = 0;
  return client;
}

Written write(const Facts& facts, const freellm_endpoints& table, const Endpoint& endpoint) {
  const ClientCall client = call_of(facts, endpoint);
  const HostCall call(client);
  RequestSink sink(call.get()->body);
  const freellm_status status = inside("endpoints.build_request", [&] {
    return table.build_request(facts.provider, endpoint.number, call.get(), sink.out());
  });
  return std::move(sink).take(status);
}

/// The host's end of freellm_answer_out.
struct AnswerSink {
  freellm_answer_out out{};
  std::string type, body;

  AnswerSink() {
    out.size = sizeof out;
    out.ctx = this;
    out.content_type = [](freellm_answer_out* o, freellm_str t) -> freellm_status {
      static_cast<AnswerSink*>(o->ctx)->type = view(t);
      return FREELLM_OK;
    };
    out.body = [](freellm_answer_out* o, const void* data, std::size_t n) -> freellm_status {
      static_cast<AnswerSink*>(o->ctx)->body.append(static_cast<const char*>(data), n);
      return FREELLM_OK;
    };
    out.input_tokens = [](freellm_answer_out*, std::uint64_t) -> freellm_status { return FREELLM_OK; };
  }
};

freellm_status read(const Facts& facts, const freellm_endpoints& table, const Endpoint& endpoint,
                    const Answer& answer, AnswerSink& sink, freellm_outcome& failure) {
  const ClientCall client = call_of(facts, endpoint);
  const HostCall call(client);
  const HostHead head(answer);
  return inside("endpoints.read_answer", [&] {
    return table.read_answer(facts.provider, endpoint.number, call.get(), head.get(), text(answer.body),
                             &sink.out, &failure);
  });
}

void for_each_served(const Facts& facts, Judge& judge,
                     const std::function<void(const freellm_endpoints&, const Endpoint&)>& body) {
  const freellm_endpoints& table = need(facts, judge);
  for (const Endpoint& endpoint : endpoints)
    if (serves(table, endpoint) && !judge.enough()) body(table, endpoint);
}

void judge_models(const Facts& facts, Judge& judge) {
  const freellm_endpoints& table = need(facts, judge);
  judge.expect(table.served != 0, "it has the extension and serves nothing");
  for (const Endpoint& endpoint : endpoints) {
    const bool listed = std::any_of(facts.models.begin(), facts.models.end(),
                                    [&](const ModelFacts& model) { return model.kind == endpoint.kind; });
    if (listed && !serves(table, endpoint))
      judge.advise("models of kind " + std::string(endpoint.kind) +
                   " are listed and their endpoint is not served");
    if (!listed && serves(table, endpoint) && !facts.models.empty())
      judge.advise("it serves the endpoint of kind " + std::string(endpoint.kind) +
                   " and the manifest lists no such model");
  }
}

void judge_requests(const Facts& facts, Judge& judge) {
  for_each_served(facts, judge, [&](const freellm_endpoints& table, const Endpoint& endpoint) {
    const Written written = write(facts, table, endpoint);
    const std::string where = std::string(endpoint.kind) + ": ";
    // As of chat: what a model cannot be asked is E_INVALID.
    if (written.status == FREELLM_E_INVALID) return judge.advise(where + "the plainest call is not possible");
    if (!judge.expect(written.status >= 0, where + "build_request gave " + status_word(written.status)))
      return;
    for (const std::string& fault : written.faults) judge.fail(where + fault);
    judge.expect(write(facts, table, endpoint) == written,
                 where + "the same call gives other bytes the second time");
    const bool asked = !written.credentials.empty() || written.path.find("{key") != std::string::npos;
    if (facts.keys_required) judge.expect(asked, where + "no place for the key is marked");
    const std::string model = call_of(facts, endpoint).model;
    judge.expect(
        written.body.find(model) != std::string::npos || written.path.find(model) != std::string::npos,
        where + "neither body nor path names the model");
  });
}

void judge_unserved(const Facts& facts, Judge& judge) {
  const freellm_endpoints& table = need(facts, judge);
  const auto refused = [&](const Endpoint& endpoint) {
    const Written written = write(facts, table, endpoint);
    judge.expect(written.status == FREELLM_E_UNSUPPORTED, [&] {
      return "endpoint " + std::to_string(endpoint.number) + " is not served and build_request gave " +
             status_word(written.status);
    });
  };
  for (const Endpoint& endpoint : endpoints)
    if (!serves(table, endpoint)) refused(endpoint);
  refused({29, "nothing", R"({"model":"auto"})", ""});
}

void judge_answers(const Facts& facts, Judge& judge) {
  for_each_served(facts, judge, [&](const freellm_endpoints& table, const Endpoint& endpoint) {
    // Only OpenAI's own shape is known to the kit; others are for the fixtures.
    if (!facts.openai()) return;
    const bool json = endpoint.number != FREELLM_ENDPOINT_SPEECH;
    AnswerSink sink;
    freellm_outcome failure = blank_outcome();
    const freellm_status status =
        read(facts, table, endpoint,
             {200, {{"content-type", json ? "application/json" : "audio/wav"}}, std::string(endpoint.answer)},
             sink, failure);
    const std::string where = std::string(endpoint.kind) + ": ";
    if (status < 0)
      return judge.advise(where + "an answer in OpenAI's shape ends with " + status_word(status));
    judge.expect(!sink.type.empty() && !sink.body.empty(),
                 where + "a good answer gives no content-type or no body");
    json::error_code error;
    if (json) json::parse(sink.body, error);
    judge.expect(!error, where + "the answer it makes is no JSON: " + printable(sink.body, 120));
  });
}

void judge_errors(const Facts& facts, Judge& judge) {
  for_each_served(facts, judge, [&](const freellm_endpoints& table, const Endpoint& endpoint) {
    AnswerSink sink;
    freellm_outcome failure = blank_outcome();
    const freellm_status status = read(facts, table, endpoint,
                                       {200,
                                        {{"content-type", "application/json"}},
                                        R"({"error":{"message":"upstream broke","type":"server_error"}})"},
                                       sink, failure);
    judge.expect(status < 0, std::string(endpoint.kind) + ": an error inside a 200 is taken for an answer");
    judge_outcome(failure, kit_now, std::string(endpoint.kind), judge);
  });
}

void judge_garbage(const Facts& facts, Judge& judge) {
  for_each_served(facts, judge, [&](const freellm_endpoints& table, const Endpoint& endpoint) {
    Random random(7);
    for (int round = 0; round < 500 && !judge.enough(); ++round) {
      const std::string body = random.below(4) == 0
                                   ? random.bytes(random.below(300))
                                   : mutated(random, std::string(endpoint.answer), endpoint.body);
      AnswerSink sink;
      freellm_outcome failure = blank_outcome();
      read(facts, table, endpoint, {200, {{"content-type", "application/json"}}, body}, sink, failure);
      judge_outcome(failure, kit_now, std::string(endpoint.kind) + ", round " + std::to_string(round), judge);
    }
    for (const NamedBody& body : error_bodies()) {
      AnswerSink sink;
      freellm_outcome failure = blank_outcome();
      read(facts, table, endpoint, {200, {{"content-type", body.type}}, body.body}, sink, failure);
      judge_outcome(failure, kit_now, std::string(endpoint.kind) + " with " + body.name, judge);
    }
  });
}

}  // namespace

void add_endpoint_checks(std::vector<Check>& checks) {
  Group group(checks, "endpoints");
  group.each("table", "freellm_endpoints has its size and its functions", [](const Facts& f, Judge& j) {
    const freellm_endpoints& table = need(f, j);
    j.expect(table.size >= sizeof table && table.build_request != nullptr && table.read_answer != nullptr,
             "it has not");
  });
  group.each("models", "the bits of what it serves make sense beside the manifest", judge_models);
  group.each("requests", "requests are legal, name the model and mark the key's place", judge_requests);
  group.each("unserved", "an endpoint that is not served is E_UNSUPPORTED", judge_unserved);
  group.each("answers", "answers in OpenAI's shape are read", judge_answers);
  group.each("errors", "an error inside a 200 is none", judge_errors);
  group.each("garbage", "odd answers do no harm", judge_garbage);
}

}  // namespace freellmapi::kit
