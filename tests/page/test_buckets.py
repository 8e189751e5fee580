"""Laws of how many buckets a page draws."""

from surefoot.page.buckets import level_for


def test_the_lowest_level_that_fits_is_taken():
    for first, last, most in ((0, 999_999, 1024), (7, 7, 1), (1023, 1024, 1), (3, 5000, 10)):
        level = level_for(first, last, most)
        assert (last >> level) - (first >> level) < most
        assert level == 0 or (last >> level - 1) - (first >> level - 1) >= most
