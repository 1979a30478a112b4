#![deny(warnings)]

struct Point {
    x: u8,
    y: u8,
}

#[crons::monitor]
fn mutable(mut data: Vec<u8>) -> Vec<u8> {
    data.push(1);
    data
}

#[crons::monitor]
async fn mutable_async(mut data: Vec<u8>) -> Vec<u8> {
    std::future::ready(()).await;
    data.push(1);
    data
}

#[crons::monitor]
fn patterns(
    (a, mut b): (u8, u8),
    [c, ..]: [u8; 3],
    _: u8,
    Point { x, .. }: Point,
    _unused: u8,
    &d: &u8,
) -> u8 {
    b += 1;
    a + b + c + x + d
}

#[crons::monitor]
async fn patterns_async(
    (a, mut b): (u8, u8),
    [c, ..]: [u8; 3],
    _: u8,
    Point { x, y }: Point,
    _unused: u8,
) -> u8 {
    b += 1;
    std::future::ready(()).await;
    a + b + c + x + y
}

#[crons::monitor]
fn conditional(#[cfg(all())] a: u8, #[cfg(any())] b: u8) -> u8 {
    a
}

#[crons::monitor]
fn conditional_and_assigned(#[cfg(all())] mut a: u8, #[cfg(any())] mut b: u8) -> u8 {
    a += 1;
    #[cfg(any())]
    {
        b += 1;
    }
    a
}

#[crons::monitor]
fn borrowed(bytes: &mut [u8]) -> Option<&mut u8> {
    bytes.first_mut()
}

#[crons::monitor]
async fn borrowed_async(bytes: &mut [u8]) -> Option<&mut u8> {
    bytes.first_mut()
}

#[crons::monitor]
fn generic<'a, T, const N: usize, F>(all: &'a [T; N], is_it: F, offset: impl Fn() -> usize) -> Option<&'a T>
where
    T: PartialEq,
    F: for<'b> Fn(&'b T) -> bool,
{
    all.iter().skip(offset()).find(|one| is_it(one))
}

#[derive(Clone, Copy, Default)]
struct Totals {
    rows: u8,
    bytes: u8,
}

impl Totals {
    #[crons::monitor(slug = "field-of-self")]
    fn field_of_self(mut self) -> u8 {
        self.rows = self.bytes + 1;
        self.rows
    }
}

#[crons::monitor]
fn fields_assigned(mut totals: Totals, mut pair: (u8, u8), [mut first, ..]: [u8; 2], _n: u8) -> u8 {
    totals.rows = 2;
    pair.0 = totals.bytes;
    first += pair.1;
    totals.rows + pair.0 + first
}

#[crons::monitor]
async fn fields_assigned_async(mut totals: Totals, Totals { mut rows, .. }: Totals) -> u8 {
    totals.rows = 2;
    rows -= totals.bytes;
    std::future::ready(()).await;
    totals.rows + rows
}

fn main() {
    assert_eq!(Totals::default().field_of_self(), 1);
    assert_eq!(fields_assigned(Totals::default(), (1, 2), [3, 4], 0), 7);
    drop(fields_assigned_async(Totals::default(), Totals::default()));
    assert_eq!(mutable(Vec::new()), [1]);
    drop(mutable_async(Vec::new()));
    assert_eq!(patterns((1, 2), [3, 0, 0], 0, Point { x: 4, y: 0 }, 0, &5), 16);
    drop(patterns_async((1, 2), [3, 0, 0], 0, Point { x: 4, y: 0 }, 0));
    assert_eq!(conditional(1), 1);
    assert_eq!(conditional_and_assigned(1), 2);
    assert_eq!(borrowed(&mut [7]), Some(&mut 7));
    drop(borrowed_async(&mut [7]));
    assert_eq!(generic(&[1, 2, 3], |n| *n > 1, || 2), Some(&3));
}
