#include "net/name_cache.hpp"

#include <algorithm>
#include <boost/asio/ip/basic_resolver.hpp>

#include "net/lifeline.hpp"

namespace freellmapi::net {

namespace {
constexpr std::size_t most_names = 256;
constexpr std::size_t most_addresses = 16;
constexpr std::chrono::seconds fresh{30};

// Stands in the list of those who wait for as long as its coroutine lives.
class Waiting {
 public:
  Waiting(std::vector<Event*>& list, Event& event) : list_(list), event_(event) { list_.push_back(&event_); }
  ~Waiting() { std::erase(list_, &event_); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  std::vector<Event*>& list_;
  Event& event_;
};
}  // namespace

bool NameCache::make_room() {
  if (entries_.size() < most_names) return true;
  const base::Instant now = core_.clock().steady();
  std::erase_if(entries_,
                [&](const auto& item) { return !item.second->pending && item.second->fresh_until <= now; });
  if (entries_.size() < most_names) return true;
  const auto settled =
      std::find_if(entries_.begin(), entries_.end(), [](const auto& item) { return !item.second->pending; });
  if (settled == entries_.end()) return false;
  entries_.erase(settled);
  return true;
}

Task<std::shared_ptr<const Resolved>> NameCache::resolve(std::string host, Lifeline& line) {
  ErrorCode ec;
  const asio::ip::address literal = asio::ip::make_address(host, ec);
  if (!ec) {
    auto alone = std::make_shared<Resolved>();
    alone->addresses.push_back(literal);
    co_return alone;
  }
  std::shared_ptr<Entry> entry;
  const auto known = entries_.find(host);
  if (known != entries_.end()) entry = known->second;
  if (!entry || (!entry->pending && entry->fresh_until <= core_.clock().steady())) {
    if (!entry && !make_room()) {
      auto failed = std::make_shared<Resolved>();
      failed->error = "too many names are being looked up";
      co_return failed;
    }
    entry = std::make_shared<Entry>();
    entries_[host] = entry;
    core_.spawn("look_up", look_up(host, entry));
  }
  if (entry->pending) {
    Event event(core_.io());
    const Waiting waiting(entry->waiting, event);
    line.guard(&event);
    if (!line.stopped()) co_await event;
    line.guard(static_cast<Event*>(nullptr));
    if (line.stopped()) co_return nullptr;
  }
  co_return entry->resolved;
}

Task<void> NameCache::look_up(std::string host, std::shared_ptr<Entry> entry) {
  asio::ip::basic_resolver<Tcp, Executor> resolver(core_.io().get_executor());
  const auto flags = asio::ip::resolver_base::numeric_service;
  const auto [ec, found] = co_await resolver.async_resolve(host, "0", flags, awaiting);
  Resolved& resolved = *entry->resolved;
  for (const auto& result : found) {
    const asio::ip::address address = result.endpoint().address();
    auto& list = resolved.addresses;
    if (list.size() < most_addresses && std::find(list.begin(), list.end(), address) == list.end()) {
      list.push_back(address);
    }
  }
  if (resolved.addresses.empty()) resolved.error = ec ? ec.message() : "no address";
  // A failure is told to those who wait and asked again by whoever comes next.
  entry->fresh_until = resolved.addresses.empty() ? base::Instant{} : core_.clock().steady() + fresh;
  entry->pending = false;
  for (Event* event : entry->waiting) event->set();
}

}  // namespace freellmapi::net
