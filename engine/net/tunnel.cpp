#include "net/tunnel.hpp"

#include <openssl/evp.h>

#include <array>

#include "net/byte_buffer.hpp"
#include "net/head_scan.hpp"
#include "net/response_head.hpp"

namespace freellmapi::net {

namespace {

constexpr std::size_t largest_head = 16 * 1024;

Task<bool> write_all(Stream& stream, std::string bytes) {
  iovec piece{};
  piece.iov_base = bytes.data();
  piece.iov_len = bytes.size();
  while (piece.iov_len != 0) {
    const std::span<const iovec> pieces(&piece, 1);
    const IoResult result = co_await stream.write_some(pieces);
    if (result.end != IoEnd::good) co_return false;
    piece.iov_base = static_cast<char*>(piece.iov_base) + result.count;
    piece.iov_len -= result.count;
  }
  co_return true;
}

// Exactly so many bytes; fewer when the proxy closed.
Task<std::string> read_exactly(Stream& stream, std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t held = 0;
  while (held < count) {
    stream.suspect();
    const IoResult result = co_await stream.read_some(bytes.data() + held, count - held);
    if (result.end != IoEnd::good) break;
    held += result.count;
  }
  bytes.resize(held);
  co_return bytes;
}

std::string_view socks_refusal(unsigned char code) noexcept {
  switch (code) {
    case 1:
      return "the proxy failed";
    case 2:
      return "the proxy's rules do not allow it";
    case 3:
      return "the network cannot be reached";
    case 4:
      return "the host cannot be reached";
    case 5:
      return "the connection was refused";
    case 6:
      return "the time to live expired";
    case 7:
      return "the proxy does not know the command";
    case 8:
      return "the proxy does not know the address type";
    default:
      return "the proxy refused";
  }
}

std::string socks_request(const std::string& host, std::uint16_t port) {
  std::string out("\x05\x01\x00", 3);
  ErrorCode ec;
  const asio::ip::address address = asio::ip::make_address(host, ec);
  if (ec) {
    out += '\x03';
    out += static_cast<char>(host.size());
    out += host;
  } else if (address.is_v4()) {
    out += '\x01';
    for (const unsigned char byte : address.to_v4().to_bytes()) out += static_cast<char>(byte);
  } else {
    out += '\x04';
    for (const unsigned char byte : address.to_v6().to_bytes()) out += static_cast<char>(byte);
  }
  out += static_cast<char>(port >> 8);
  out += static_cast<char>(port & 0xff);
  return out;
}

Task<std::string> socks_greeting(Stream& stream, const ProxyUrl& proxy) {
  std::string greeting = proxy.has_user ? std::string("\x05\x02\x00\x02", 4) : std::string("\x05\x01\x00", 3);
  const bool greeted = co_await write_all(stream, std::move(greeting));
  const std::string method = co_await read_exactly(stream, 2);
  if (!greeted || method.size() != 2 || method[0] != 5) co_return "it does not speak SOCKS5";
  if (method[1] == 0) co_return "";
  if (method[1] != 2 || !proxy.has_user) co_return "it wants another kind of authentication";
  std::string login("\x01", 1);
  login += static_cast<char>(proxy.user.size());
  login += proxy.user;
  login += static_cast<char>(proxy.password.size());
  login += proxy.password;
  const bool told = co_await write_all(stream, std::move(login));
  const std::string verdict = co_await read_exactly(stream, 2);
  if (!told || verdict.size() != 2 || verdict[1] != 0)
    co_return "it does not accept the user or the password";
  co_return "";
}

}  // namespace

std::string basic_credentials(const ProxyUrl& proxy) {
  const std::string plain = proxy.user + ":" + proxy.password;
  std::string coded((plain.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(coded.data()),
                      reinterpret_cast<const unsigned char*>(plain.data()), static_cast<int>(plain.size()));
  coded.resize(static_cast<std::size_t>(size));
  return "Basic " + coded;
}

std::string host_and_port(std::string_view host, std::uint16_t port) {
  const bool literal = host.find(':') != std::string_view::npos;
  std::string text = literal ? "[" : "";
  text += host;
  if (literal) text += ']';
  text += ':';
  text += std::to_string(port);
  return text;
}

Task<std::string> tunnel_by_connect(Stream& stream, const ProxyUrl& proxy, std::string target) {
  std::string head = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
  if (proxy.has_user) head += "Proxy-Authorization: " + basic_credentials(proxy) + "\r\n";
  head += "\r\n";
  const bool told = co_await write_all(stream, std::move(head));
  if (!told) co_return "it closed the connection";
  ByteBuffer in;
  HeadScan scan;
  for (;;) {
    const std::span<char> room = in.prepare(1024);
    stream.suspect();
    const IoResult result = co_await stream.read_some(room.data(), room.size());
    if (result.end != IoEnd::good) co_return "it closed the connection";
    in.commit(result.count);
    const HeadScan::State state = scan.look(in.view());
    if (state == HeadScan::State::bad || in.size() > largest_head) co_return "it does not speak HTTP";
    if (state == HeadScan::State::whole) break;
  }
  std::string bytes(in.view().substr(0, scan.length()));
  in.consume(scan.length());
  std::vector<Field> fields;
  ResponsePlan plan;
  parse_response_head(bytes, true, fields, plan);
  if (plan.status < 200 || plan.status > 299) {
    std::string refused = "it answered CONNECT with status " + std::to_string(plan.status);
    co_return refused;
  }
  // The host behind it speaks only after we did, so these bytes would be the proxy's own.
  if (!in.empty()) co_return "it sent bytes before the tunnel was used";
  co_return "";
}

Task<std::string> tunnel_by_socks(Stream& stream, const ProxyUrl& proxy, std::string host,
                                  std::uint16_t port) {
  constexpr std::size_t longest_name = 255;
  if (host.size() > longest_name) co_return "the host name is too long";
  std::string fault = co_await socks_greeting(stream, proxy);
  if (!fault.empty()) co_return fault;
  std::string request = socks_request(host, port);
  const bool told = co_await write_all(stream, std::move(request));
  const std::string reply = co_await read_exactly(stream, 5);
  if (!told || reply.size() != 5 || reply[0] != 5) co_return "it does not speak SOCKS5";
  if (reply[1] != 0) {
    std::string refused(socks_refusal(static_cast<unsigned char>(reply[1])));
    co_return refused;
  }
  std::size_t rest = 0;  // of the bound address, whose first byte was read, and its port
  if (reply[3] == 1) rest = 3 + 2;
  if (reply[3] == 4) rest = 15 + 2;
  if (reply[3] == 3) rest = static_cast<unsigned char>(reply[4]) + std::size_t{2};
  if (rest == 0) co_return "it does not speak SOCKS5";
  const std::string bound = co_await read_exactly(stream, rest);
  if (bound.size() != rest) co_return "it closed the connection";
  co_return "";
}

}  // namespace freellmapi::net
