// The unit tests: each file holds the suite of its own name, about the header of that name in lib/backproof.
#define BOOST_TEST_MODULE backproof
#include <boost/test/unit_test.hpp>
