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

PooledClient::Place& PooledClient::enter(const Origin& origin) {
  if (last_ == nullptr || last_->first != origin) {
    auto found = places_.find(origin);
    if (found == places_.end()) {
      Kept kept(OriginLines(origin, options_.user_agent));
      found = places_.emplace(origin, std::move(kept)).first;
    }
    last_ = &*found;
  }
  ++last_->second.calls;
  return *last_;
}

void PooledClient::leave(Place& place) noexcept {
  if (--place.second.calls != 0 || !place.second.idle.empty()) return;
  last_ = nullptr;
  places_.erase(places_.find(place.first));
}

std::unique_ptr<Stream> PooledClient::take(Place& place, base::Instant now) {
  std::vector<Idle>& list = place.second.idle;
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

void PooledClient::give_back(Place& place, std::unique_ptr<Stream> stream) {
  if (closed_ || options_.idle_per_origin == 0 || options_.idle_total == 0) return;
  if (idle_ >= options_.idle_total) drop_oldest();
  std::vector<Idle>& list = place.second.idle;
  const std::size_t most = place.first.tls ? std::min(options_.idle_per_origin, options_.idle_tls_per_origin)
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
  const auto since = [](const Place& place) {
    return place.second.idle.empty() ? base::Instant::max() : place.second.idle.front().since;
  };
  const auto oldest = std::min_element(places_.begin(), places_.end(),
                                       [&](const Place& a, const Place& b) { return since(a) < since(b); });
  if (oldest == places_.end() || oldest->second.idle.empty()) return;
  oldest->second.idle.erase(oldest->second.idle.begin());
  --idle_;
}

void PooledClient::drop_aged() noexcept {
  const base::Instant limit = core_.clock().steady() - options_.idle_age;
  for (Place& place : places_)
    idle_ -= std::erase_if(place.second.idle, [&](const Idle& idle) { return idle.since <= limit; });
  drop_empty();
  if (idle_ != 0) aging_.set_after(aging_step);
}

void PooledClient::drop_idle() noexcept {
  for (Place& place : places_) place.second.idle.clear();
  drop_empty();
  idle_ = 0;
  aging_.clear();
}

void PooledClient::drop_empty() noexcept {
  last_ = nullptr;
  std::erase_if(places_,
                [](const Place& place) { return place.second.idle.empty() && place.second.calls == 0; });
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
    co_await core_.turn().at(Step::send);
    const bool sent = co_await call->send(request);
    // Even when not everything could be sent an answer may have come: providers refuse large bodies early.
    if (!call->await_answer(request, sent)) break;
    std::optional<bool> answered = call->look_for_head();
    while (!answered) {
      call->expect();
      std::optional<bool> come;
      while (!come) {
        while (call->idles()) co_await call->more();
        come = co_await call->receive();
      }
      answered = *come ? call->look_for_head() : call->cut_in_head();
    }
    if (*answered) {
      co_await core_.turn().at(Step::hear);
      co_return call;
    }
    if (!call->goes_on_fresh(request)) break;
    connected = false;
  }
  error = call->error();
  co_return nullptr;
}

}  // namespace freellmapi::net
