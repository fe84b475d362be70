//! Exact numbers: 64-bit integers and mantissas of decimals, 128 bits in between, rounding half away from zero.
//! Here empty in gives empty out, and so does whatever does not fit; [`checked`] refuses what does not fit.

/// A number too large, or a division by zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arithmetic;

/// The sum.
#[must_use]
pub fn add(left: Option<i64>, right: Option<i64>) -> Option<i64> {
    left?.checked_add(right?)
}

/// The difference.
#[must_use]
pub fn sub(left: Option<i64>, right: Option<i64>) -> Option<i64> {
    left?.checked_sub(right?)
}

/// The product.
#[must_use]
pub fn mul(left: Option<i64>, right: Option<i64>) -> Option<i64> {
    left?.checked_mul(right?)
}

/// The product without its last `drop` places.
#[must_use]
pub fn mul_scaled(left: Option<i64>, right: Option<i64>, drop: u32) -> Option<i64> {
    let product = i128::from(left?) * i128::from(right?);
    i64::try_from(divide(product, power(drop)?)?).ok()
}

/// `left * 10^up / right`, also for an `up` below zero.
#[must_use]
pub fn div_scaled(left: Option<i64>, right: Option<i64>, up: i32) -> Option<i64> {
    let (left, right, power) = (
        i128::from(left?),
        i128::from(right?),
        power(up.unsigned_abs())?,
    );
    let quotient = if up >= 0 {
        divide(left.checked_mul(power)?, right)?
    } else {
        divide(left, right.checked_mul(power)?)?
    };
    i64::try_from(quotient).ok()
}

/// A mantissa with `from` places brought to `to` places.
#[must_use]
pub fn rescale(number: Option<i64>, from: u32, to: u32) -> Option<i64> {
    let number = i128::from(number?);
    let scaled = if to >= from {
        number.checked_mul(power(to - from)?)?
    } else {
        divide(number, power(from - to)?)?
    };
    i64::try_from(scaled).ok()
}

/// The number with the other sign.
#[must_use]
pub fn neg(number: Option<i64>) -> Option<i64> {
    number?.checked_neg()
}

/// The number without its sign.
#[must_use]
pub fn absolute(number: Option<i64>) -> Option<i64> {
    number?.checked_abs()
}

/// The smaller one; empty if either is.
#[must_use]
pub fn min2<T: PartialOrd>(left: Option<T>, right: Option<T>) -> Option<T> {
    let (left, right) = (left?, right?);
    Some(if right < left { right } else { left })
}

/// The larger one; empty if either is.
#[must_use]
pub fn max2<T: PartialOrd>(left: Option<T>, right: Option<T>) -> Option<T> {
    let (left, right) = (left?, right?);
    Some(if right > left { right } else { left })
}

/// Ten to the power of `places`; empty beyond 38.
fn power(places: u32) -> Option<i128> {
    10_i128.checked_pow(places)
}

/// Half away from zero; empty for a division by zero.
#[must_use]
pub fn divide(dividend: i128, divisor: i128) -> Option<i128> {
    let quotient = dividend.checked_div(divisor)?;
    let rest = dividend.checked_rem(divisor)?;
    if rest.unsigned_abs() >= divisor.unsigned_abs() - rest.unsigned_abs() {
        let away = if (dividend < 0) == (divisor < 0) {
            1
        } else {
            -1
        };
        return quotient.checked_add(away);
    }
    Some(quotient)
}

/// The same functions for the value of an effect: what does not fit is an error, empty stays empty.
pub mod checked {
    use super::Arithmetic;

    fn fits(given: bool, result: Option<i64>) -> Result<Option<i64>, Arithmetic> {
        match result {
            None if given => Err(Arithmetic),
            result => Ok(result),
        }
    }

    /// The sum.
    ///
    /// # Errors
    /// Where it does not fit.
    pub fn add(left: Option<i64>, right: Option<i64>) -> Result<Option<i64>, Arithmetic> {
        fits(left.is_some() && right.is_some(), super::add(left, right))
    }

    /// The difference.
    ///
    /// # Errors
    /// Where it does not fit.
    pub fn sub(left: Option<i64>, right: Option<i64>) -> Result<Option<i64>, Arithmetic> {
        fits(left.is_some() && right.is_some(), super::sub(left, right))
    }

    /// The sum of mantissas with so many places each, at `to` places.
    ///
    /// # Errors
    /// Where it, or one of them at these places, does not fit.
    pub fn add_scaled(
        (left, left_places): (Option<i64>, u32),
        (right, right_places): (Option<i64>, u32),
        to: u32,
    ) -> Result<Option<i64>, Arithmetic> {
        if left.is_none() || right.is_none() {
            return Ok(None);
        }
        add(
            rescale(left, left_places, to)?,
            rescale(right, right_places, to)?,
        )
    }

    /// The difference of mantissas with so many places each, at `to` places.
    ///
    /// # Errors
    /// Where it, or one of them at these places, does not fit.
    pub fn sub_scaled(
        (left, left_places): (Option<i64>, u32),
        (right, right_places): (Option<i64>, u32),
        to: u32,
    ) -> Result<Option<i64>, Arithmetic> {
        if left.is_none() || right.is_none() {
            return Ok(None);
        }
        sub(
            rescale(left, left_places, to)?,
            rescale(right, right_places, to)?,
        )
    }

    /// The product.
    ///
    /// # Errors
    /// Where it does not fit.
    pub fn mul(left: Option<i64>, right: Option<i64>) -> Result<Option<i64>, Arithmetic> {
        fits(left.is_some() && right.is_some(), super::mul(left, right))
    }

    /// The product without its last `drop` places.
    ///
    /// # Errors
    /// Where it does not fit.
    pub fn mul_scaled(
        left: Option<i64>,
        right: Option<i64>,
        drop: u32,
    ) -> Result<Option<i64>, Arithmetic> {
        fits(
            left.is_some() && right.is_some(),
            super::mul_scaled(left, right, drop),
        )
    }

    /// `left * 10^up / right`.
    ///
    /// # Errors
    /// Where it does not fit, or `right` is zero.
    pub fn div_scaled(
        left: Option<i64>,
        right: Option<i64>,
        up: i32,
    ) -> Result<Option<i64>, Arithmetic> {
        fits(
            left.is_some() && right.is_some(),
            super::div_scaled(left, right, up),
        )
    }

    /// A mantissa with `from` places brought to `to` places.
    ///
    /// # Errors
    /// Where it does not fit.
    pub fn rescale(number: Option<i64>, from: u32, to: u32) -> Result<Option<i64>, Arithmetic> {
        fits(number.is_some(), super::rescale(number, from, to))
    }

    /// The number with the other sign.
    ///
    /// # Errors
    /// Where it does not fit.
    pub fn neg(number: Option<i64>) -> Result<Option<i64>, Arithmetic> {
        fits(number.is_some(), super::neg(number))
    }

    /// The number without its sign.
    ///
    /// # Errors
    /// Where it does not fit.
    pub fn absolute(number: Option<i64>) -> Result<Option<i64>, Arithmetic> {
        fits(number.is_some(), super::absolute(number))
    }
}
