#include "cli/ask.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <system_error>

#include "cli/files.hpp"
#include "cli/unified_key.hpp"
#include "net/loop.hpp"
#include "store/instance_lock.hpp"

namespace freellmapi::cli {

namespace {

constexpr std::size_t answer_most = std::size_t{64} * 1024 * 1024;

std::filesystem::path serving_file(const std::filesystem::path& data) { return data / "serving"; }

/// "127.0.0.1 3001"; nothing: nobody serves, or has not come to listening.
std::optional<net::Origin> listening(const std::filesystem::path& data) {
  // Whoever is gone has left the file behind, and something else may listen there by now: the lock tells.
  if (!store::InstanceLock::is_held(data)) return std::nullopt;
  const auto text = read_file(serving_file(data), 300);
  const std::size_t space = text ? text->find(' ') : std::string::npos;
  if (space == std::string::npos) return std::nullopt;
  net::Origin origin;
  origin.tls = false;
  origin.local_allowed = true;
  origin.host = text->substr(0, space);
  if (origin.host == "0.0.0.0") origin.host = "127.0.0.1";
  if (origin.host == "::") origin.host = "::1";
  const auto parsed = std::from_chars(text->data() + space + 1, text->data() + text->size(), origin.port);
  if (parsed.ec != std::errc{}) return std::nullopt;
  return origin;
}

net::Task<void> get(net::Core& core, const net::Origin& origin, const std::string& path,
                    const std::string& bearer, base::Result<Asked>& out) {
  const std::array<net::OutgoingField, 1> fields{net::OutgoingField{"authorization", bearer, std::nullopt}};
  net::OutgoingRequest request;
  request.method = "GET";
  request.path = path;
  request.fields = fields;
  net::Deadlines deadlines;
  net::Canceller canceller;
  net::CallError error;
  const auto call = co_await core.upstream().call(origin, request, deadlines, true, canceller, error);
  if (!call) {
    // One that has just started may not listen yet, and what says where is its predecessor's: the folder
    // tells as much as it could.
    const bool not_yet = error.fault == net::Fault::connect;
    out = base::Error{not_yet ? base::Errc::not_found : base::Errc::unavailable,
                      fmt::format("the router at {}:{} does not answer ({})", origin.host, origin.port,
                                  net::name(error.fault))};
    co_return;
  }
  Asked asked;
  asked.status = call->status();
  while (asked.body.size() < answer_most) {
    const std::optional<std::string_view> piece = co_await call->read();
    if (!piece) {
      out = base::Error{base::Errc::unavailable, "the router's answer was cut off"};
      co_return;
    }
    if (piece->empty()) break;
    asked.body += *piece;
  }
  out = std::move(asked);
}

}  // namespace

base::Result<Serving> Serving::announce(const std::filesystem::path& data, const std::string& address,
                                        std::uint16_t port) {
  Serving serving(serving_file(data));
  const auto written = write_private_file(serving.file_, fmt::format("{} {}\n", address, port));
  if (!written) return written.error();
  return serving;
}

Serving::~Serving() {
  std::error_code ignored;
  if (!file_.empty()) std::filesystem::remove(file_, ignored);
}

base::Result<Asked> ask_router(const Places& places, const std::string& path, Quiet& quiet) {
  const std::filesystem::path data = data_path(places.data);
  const auto origin = listening(data);
  if (!origin) return base::Error{base::Errc::not_found, "no router runs on " + data.string()};
  const auto key = unified_key(data);
  if (!key) return key.error();
  const std::string bearer = "Bearer " + std::string(key->reveal());
  base::Result<Asked> out = base::Error{base::Errc::internal, "nothing was asked"};
  const auto ran = net::run_on_core(quiet.clock, quiet.log, net::UpstreamOptions{},
                                    [&](net::Core& core) { return get(core, *origin, path, bearer, out); });
  if (!ran) return ran.error();
  return out;
}

}  // namespace freellmapi::cli
