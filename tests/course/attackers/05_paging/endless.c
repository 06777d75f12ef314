/* Keeps the compiler busy. */
#include __FILE__
