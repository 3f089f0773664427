//! Which of these belongs to which of those, where one may fit several: the elements of a set have no names.
//!
//! Taking the first that fits would leave an element without its partner although both exist: where nothing is
//! written, everything fits. So as many as possible are paired (augmenting paths), and earlier ones first.

/// For each of `left` things the place of its partner among `right` ones. No partner is given away twice, and as
/// many as possible have one.
pub(crate) fn pairs(left: usize, right: usize, fits: impl Fn(usize, usize) -> bool) -> Vec<Option<usize>> {
    let mut taken_by = vec![None; right];
    for one in 0..left {
        find_partner(one, &fits, &mut vec![false; right], &mut taken_by);
    }
    let mut partners = vec![None; left];
    for (partner, one) in taken_by.into_iter().enumerate() {
        if let Some(slot) = one.and_then(|one: usize| partners.get_mut(one)) {
            *slot = Some(partner);
        }
    }
    partners
}

/// Finds a free partner for `one`, or one whose holder can move to another.
fn find_partner(
    one: usize,
    fits: &impl Fn(usize, usize) -> bool,
    seen: &mut [bool],
    taken_by: &mut [Option<usize>],
) -> bool {
    let fitting: Vec<usize> = (0..taken_by.len()).filter(|partner| fits(one, *partner)).collect();
    let held = |taken_by: &[Option<usize>], partner: usize| taken_by.get(partner).copied().flatten();
    let free = fitting.iter().copied().find(|partner| held(taken_by, *partner).is_none());
    let found = free.or_else(|| {
        fitting.into_iter().find(|partner| {
            let asked_before = seen.get_mut(*partner).is_none_or(|seen| std::mem::replace(seen, true));
            !asked_before
                && held(taken_by, *partner).is_some_and(|holder| find_partner(holder, fits, seen, taken_by))
        })
    });
    if let Some(slot) = found.and_then(|partner| taken_by.get_mut(partner)) {
        *slot = Some(one);
    }
    found.is_some()
}

#[cfg(test)]
mod tests {
    use super::pairs;

    #[test]
    fn one_that_fits_all_leaves_the_others_theirs() {
        let fits = [[true, true, true], [true, false, false], [true, true, false]];
        assert_eq!(pairs(3, 3, |a, b| fits[a][b]), [Some(2), Some(0), Some(1)]);
    }

    #[test]
    fn without_a_choice_the_order_stays() {
        assert_eq!(pairs(2, 3, |_, _| true), [Some(0), Some(1)]);
        assert_eq!(pairs(2, 1, |_, _| true), [Some(0), None]);
        assert_eq!(pairs(2, 2, |a, _| a == 1), [None, Some(0)]);
    }
}
