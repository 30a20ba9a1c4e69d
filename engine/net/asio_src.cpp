// Asio's own functions, compiled once.
#include <boost/asio/impl/src.hpp>
