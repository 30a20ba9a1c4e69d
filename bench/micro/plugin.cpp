// What the plugin boundary costs: a request built and a 1 KB answer parsed through the ABI, with custom.so
// loaded as the router loads it, against the same source compiled into this program and called without the
// host's tables and checks. Both as the router does it: behind a head that was judged before, and an answer
// that has come altogether in one call; the parser that reads it piece by piece is measured apart. And what
// one streamed event costs from the provider's bytes to the client's.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "base/log.hpp"
#include "chat/decode.hpp"
#include "custom.cpp"  // the plugin's own source, for the calls without a boundary
#include "host/plugins.hpp"
#include "host/request_writer.hpp"
#include "inputs.hpp"
#include "relay/call.hpp"
#include "relay/reading.hpp"
#include "surfaces/openai/encode.hpp"

namespace freellmapi::bench {
namespace {

/// Everything a call needs, made once.
class Stage {
 public:
  static const Stage& get() {
    static const Stage stage;
    return stage;
  }

  const freellm_call& call() const { return call_->get(); }
  const freellm_head& head(bool stream) const { return stream ? stream_head_ : json_head_; }
  const std::shared_ptr<const host::Provider>& provider() const { return provider_; }
  const std::string& answer() const { return answer_; }
  const std::string& stream() const { return stream_; }

 private:
  Stage() : log_(clock_, base::LogFormat::text, base::Level::error), loader_(log_) {
    auto loaded = loader_.load(BENCH_CUSTOM_PLUGIN);
    auto request = chat::decode(body_);
    if (!loaded || !request || answer_.empty() || stream_.empty()) return;
    provider_ = loaded->front();
    request_ = std::move(*request);
    model_.id = "bench";
    call_ = std::make_unique<relay::PluginCall>(request_, model_, model_.id, 0, 7);
    for (auto [head, header] :
         {std::pair{&json_head_, &json_header_}, std::pair{&stream_head_, &stream_header_}}) {
      head->size = sizeof(freellm_head);
      head->http_status = 200;
      head->headers = header;
      head->header_count = 1;
    }
  }

  base::SystemClock clock_;
  base::Log log_;
  host::PluginLoader loader_;
  std::shared_ptr<const host::Provider> provider_;
  std::string body_ = input("request.json"), answer_ = input("answer.json"), stream_ = input("stream.sse");
  chat::Request request_;
  policy::Model model_;
  std::unique_ptr<relay::PluginCall> call_;
  freellm_header json_header_{{"content-type", 12}, {"application/json", 16}};
  freellm_header stream_header_{{"content-type", 12}, {"text/event-stream", 17}};
  freellm_head json_head_{}, stream_head_{};
};

/// Takes events and keeps nothing.
class Counter final : public host::EventSink {
 public:
  bool on_event(const freellm_event& event) override {
    benchmark::DoNotOptimize(event.type);
    ++events;
    return true;
  }
  int events = 0;
};

bool build_through_abi(const Stage& stage) {
  auto request = stage.provider()->build_request(stage.call());
  benchmark::DoNotOptimize(request);
  return request.has_value();
}

bool read_through_abi(const Stage& stage) {
  Counter events;
  return stage.provider()->reads_whole() &&
         stage.provider()->read_whole(stage.call(), stage.head(false), stage.answer(), events) >= 0 &&
         events.events >= 3;
}

bool parse_through_abi(const Stage& stage) {
  Counter events;
  auto parser = host::Parser::open(stage.provider(), stage.call(), stage.head(false));
  if (!parser || parser->feed(stage.answer(), events) < 0 || parser->finish(events) < 0) return false;
  return events.events >= 3;
}

constexpr Custom linked;

/// The head of a whole answer's request, judged once.
const host::UpstreamRequest& linked_head() {
  static const host::UpstreamRequest judged = [] {
    host::UpstreamRequest head;
    host::RequestWriter writer(head, {});
    sdk::RequestOut out(*writer.out());
    const sdk::FixedHead fixed = linked.fixed_heads().front();
    out.target(fixed.method, fixed.path);
    for (const sdk::FixedHead::Field& field : fixed.fields) {
      if (field.part != FREELLM_NO_CREDENTIAL) {
        out.credential(field.name, field.value, field.part);
      } else if (!field.name.empty()) {
        out.header(field.name, field.value);
      }
    }
    return head;
  }();
  return judged;
}

bool build_linked(const Stage& stage) {
  const freellm_call& call = stage.call();
  host::UpstreamRequest request;
  host::RequestWriter writer(request, {call.body.data, call.body.size});
  sdk::RequestOut out(*writer.out());
  if (linked.build_behind_head(sdk::Call(call), out) != 0) return false;
  writer.stand_behind(&linked_head());
  const bool whole = !writer.end(FREELLM_OK, "custom");
  benchmark::DoNotOptimize(request);
  return whole;
}

template <class Read>
bool read_with_linked_parser(const Stage& stage, Read&& read) {
  int events = 0;
  freellm_events_out table{};
  table.size = sizeof table;
  table.ctx = &events;
  table.emit = [](freellm_events_out* out, const freellm_event* event) -> freellm_status {
    benchmark::DoNotOptimize(event->type);
    ++*static_cast<int*>(out->ctx);
    return FREELLM_OK;
  };
  sdk::EventsOut out(table);
  Custom::Parser parser(linked, sdk::Call(stage.call()), sdk::Headers(stage.head(false)));
  read(parser, out);
  return events >= 3;
}

bool read_linked(const Stage& stage) {
  return read_with_linked_parser(stage, [&](auto& parser, auto& out) { parser.whole(stage.answer(), out); });
}

bool parse_linked(const Stage& stage) {
  return read_with_linked_parser(stage, [&](auto& parser, auto& out) {
    parser.feed(stage.answer(), out);
    parser.finish(out);
  });
}

template <class Work>
void repeat(benchmark::State& state, Work&& work) {
  const Stage& stage = Stage::get();
  if (!stage.provider()) {
    state.SkipWithError("custom.so or the inputs cannot be read");
    return;
  }
  for (auto _ : state) {
    if (!work(stage)) {
      state.SkipWithError("the plugin failed");
      return;
    }
  }
}

void BM_BoundaryAbi(benchmark::State& state) {
  repeat(state, [](const Stage& stage) { return build_through_abi(stage) && read_through_abi(stage); });
}
void BM_BoundaryLinked(benchmark::State& state) {
  repeat(state, [](const Stage& stage) { return build_linked(stage) && read_linked(stage); });
}
void BM_BuildAbi(benchmark::State& state) { repeat(state, build_through_abi); }
void BM_BuildLinked(benchmark::State& state) { repeat(state, build_linked); }
void BM_ReadAbi(benchmark::State& state) { repeat(state, read_through_abi); }
void BM_ReadLinked(benchmark::State& state) { repeat(state, read_linked); }
void BM_ParseAbi(benchmark::State& state) { repeat(state, parse_through_abi); }
void BM_ParseLinked(benchmark::State& state) { repeat(state, parse_linked); }

// A recorded stream through parser, assembler and encoder, one event for each feed as a paced provider sends
// them. items_per_second counts events.
void BM_RelayStream(benchmark::State& state) {
  std::int64_t events = 0;
  repeat(state, [&events](const Stage& stage) {
    relay::Route route;
    route.request_id = "req_bench";
    route.provider = "mock";
    route.model = "bench";
    surfaces::openai::ChatEncoder encoder(false);
    relay::Reading reading(&encoder, route, 0);
    auto parser = host::Parser::open(stage.provider(), stage.call(), stage.head(true));
    if (!parser) return false;
    std::string_view rest = stage.stream();
    while (reading.state() == relay::Reading::State::going && !rest.empty()) {
      const std::size_t end = rest.find("\n\n") + 2;
      reading.feed(*parser, rest.substr(0, end));
      rest.remove_prefix(end);
      ++events;
      const std::string bytes = reading.take();
      benchmark::DoNotOptimize(bytes.data());
    }
    return reading.state() == relay::Reading::State::done;
  });
  state.SetItemsProcessed(events);
}

BENCHMARK(BM_BoundaryAbi);
BENCHMARK(BM_BoundaryLinked);
BENCHMARK(BM_BuildAbi);
BENCHMARK(BM_BuildLinked);
BENCHMARK(BM_ReadAbi);
BENCHMARK(BM_ReadLinked);
BENCHMARK(BM_ParseAbi);
BENCHMARK(BM_ParseLinked);
BENCHMARK(BM_RelayStream);

}  // namespace
}  // namespace freellmapi::bench

BENCHMARK_MAIN();
