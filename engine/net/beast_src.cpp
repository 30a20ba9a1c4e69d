// Beast's parser, compiled once.
#include <boost/beast/src.hpp>
