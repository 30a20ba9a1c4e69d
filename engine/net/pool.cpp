#include "net/pool.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "net/upstream_call.hpp"

namespace freellmapi::net {

namespace {
constexpr std::chrono::milliseconds aging_step{1'000};
constexpr std::chrono::milliseconds rested{10};
}  // namespace

std::size_t PooledClient::OriginHash::operator()(const Origin& origin) const noexcept {
  return static_cast<std::size_t>(base::fnv1a(origin.proxy, base::fnv1a(origin.host, origin.port)));
}

PooledClient::PooledClient(LocalCore& core, const UpstreamOptions& options, TlsStore& tls)
    : core_(core),
      options_(options),
      dialler_(core, tls),
      aging_(core.sweeper(), this,
             [](void* self) noexcept { static_cast<PooledClient*>(self)->drop_aged(); }) {}

std::unique_ptr<Stream> PooledClient::take(const Origin& origin, base::Instant now) {
  const auto found = idle_by_origin_.find(origin);
  if (found == idle_by_origin_.end()) return nullptr;
  std::vector<Idle>& list = found->second;
  const base::Instant oldest = now - options_.idle_age;
  std::unique_ptr<Stream> stream;
  while (!stream && !list.empty()) {
    Idle last = std::move(list.back());
    list.pop_back();
    --idle_;
    // A loop that was busy may not have heard yet of what came meanwhile.
    if (now - last.since > rested) last.stream->suspect();
    if (last.since > oldest && last.stream->quiet()) stream = std::move(last.stream);
  }
  if (stream) reused_.fetch_add(1, std::memory_order_relaxed);
  return stream;
}

void PooledClient::dialled(Stream& stream) noexcept {
  dialled_.fetch_add(1, std::memory_order_relaxed);
  stream.counted = CountedIn(open_);
}

UpstreamLoad PooledClient::load() const noexcept {
  UpstreamLoad load;
  load.open = open_.load(std::memory_order_relaxed);
  load.idle = idle_.load(std::memory_order_relaxed);
  load.reused = reused_.load(std::memory_order_relaxed);
  load.dialled = dialled_.load(std::memory_order_relaxed);
  return load;
}

void PooledClient::give_back(const Origin& origin, std::unique_ptr<Stream> stream) {
  if (closed_ || options_.idle_per_origin == 0 || options_.idle_total == 0) return;
  if (idle_ >= options_.idle_total) drop_oldest();
  std::vector<Idle>& list = idle_by_origin_[origin];
  const std::size_t most = origin.tls ? std::min(options_.idle_per_origin, options_.idle_tls_per_origin)
                                      : options_.idle_per_origin;
  if (list.size() >= most) {
    list.erase(list.begin());
    --idle_;
  }
  Idle idle;
  idle.stream = std::move(stream);
  idle.since = core_.clock().steady();
  list.push_back(std::move(idle));
  ++idle_;
  if (!aging_.pending()) aging_.set_after(aging_step);
}

void PooledClient::drop_oldest() {
  const auto since = [](const auto& entry) {
    return entry.second.empty() ? base::Instant::max() : entry.second.front().since;
  };
  const auto oldest = std::min_element(idle_by_origin_.begin(), idle_by_origin_.end(),
                                       [&](const auto& a, const auto& b) { return since(a) < since(b); });
  if (oldest == idle_by_origin_.end() || oldest->second.empty()) return;
  oldest->second.erase(oldest->second.begin());
  --idle_;
}

void PooledClient::drop_aged() noexcept {
  const base::Instant limit = core_.clock().steady() - options_.idle_age;
  for (auto at = idle_by_origin_.begin(); at != idle_by_origin_.end();) {
    idle_ -= std::erase_if(at->second, [&](const Idle& idle) { return idle.since <= limit; });
    at = at->second.empty() ? idle_by_origin_.erase(at) : std::next(at);
  }
  if (idle_ != 0) aging_.set_after(aging_step);
}

void PooledClient::drop_idle() noexcept {
  idle_by_origin_.clear();
  idle_ = 0;
  aging_.clear();
}

void PooledClient::close() noexcept {
  closed_ = true;
  drop_idle();
}

Task<std::unique_ptr<UpstreamCall>> PooledClient::call(const Origin& origin, const OutgoingRequest& request,
                                                       const Deadlines& deadlines, bool stream,
                                                       Canceller& canceller, CallError& error) {
  const base::Instant now = core_.clock().steady();
  auto call = std::make_unique<PooledCall>(*this, origin, deadlines, stream, canceller, now);
  bool connected = call->begin(request);
  for (;;) {
    if (!connected) connected = co_await call->dial(request);
    if (!connected) break;
    const bool sent = co_await call->send(request);
    // Even when not everything could be sent an answer may have come: providers refuse large bodies early.
    if (!call->await_answer(request, sent)) break;
    const bool answered = co_await call->read_head(request);
    if (answered) co_return call;
    if (!call->goes_on_fresh(request)) break;
    connected = false;
  }
  error = call->error();
  co_return nullptr;
}

}  // namespace freellmapi::net
