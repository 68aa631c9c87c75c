//! Orders of rows: by shard, and within a shard by network, address, visitor and time.

use super::Words;

/// A table's rows by shard: visitors in their order before, and hits in that of their visitors.
pub struct Partition {
    /// The visitors in their new order.
    pub visitors: Vec<i32>,
    /// Of each of these the number of its hits.
    pub lengths: Vec<i32>,
    /// The hits in their new order.
    pub hits: Vec<i32>,
    /// Of each shard the number of its visitors.
    pub sizes: Vec<i32>,
}

impl Partition {
    /// The visitors of a network (the key of each has 64 bits) go to one shard, with their hits. `owners` says whose each hit is.
    ///
    /// # Panics
    /// If a hit is of no visitor, or there are no shards.
    pub fn new(networks: &[u8], owners: Words, shards: u64) -> Self {
        let shard_of: Vec<_> = keys(networks).map(|key| (key % shards) as usize).collect();
        let (visitors, sizes) = ordered(shard_of.iter().copied(), shards as usize);
        let mut place = vec![0; visitors.len()];
        visitors.iter().zip(0..).for_each(|(&visitor, at)| place[visitor as usize] = at);
        let (hits, lengths) = ordered(owners.iter().map(|owner| place[owner as usize]), visitors.len());
        Partition { visitors, lengths, hits, sizes }
    }
}

/// Numbers from 0 in the order of their groups, and the size of each group.
fn ordered(groups: impl Iterator<Item = usize> + Clone, number: usize) -> (Vec<i32>, Vec<i32>) {
    let mut sizes = vec![0; number];
    groups.clone().for_each(|group| sizes[group] += 1);
    let mut next: Vec<_> = sizes.iter().scan(0, |end, size| Some(std::mem::replace(end, *end + size))).collect();
    let mut order = vec![0; next.last().zip(sizes.last()).map_or(0, |(start, size)| start + size) as usize];
    for (row, group) in (0..).zip(groups) {
        order[next[group] as usize] = row;
        next[group] += 1;
    }
    (order, sizes)
}

/// Keys of 64 bits.
fn keys(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes.chunks_exact(8).map(|key| u64::from_le_bytes(key.try_into().expect("the bytes of one key")))
}

/// Rows of hits, by date, network, address, visitor and second; hits of one second stay as they were.
pub struct Prepared {
    /// The rows of visitors in that order.
    pub visitors: Vec<i32>,
    /// Of each row the place in `visitors` of its own.
    pub owners: Vec<i32>,
    /// Of each row its hit.
    pub hits: Vec<i32>,
    /// Of each row the number of its network, its address and its visitor, which rise by one from 1.
    pub numbers: [Vec<i32>; 3],
    /// Of each date its first row.
    pub starts: Vec<(i32, usize)>,
}

/// Rows of visitors, a column each; of each its hits follow those of the one before.
#[derive(Clone, Copy)]
pub struct Visitors<'b> {
    /// The date, as a number.
    pub dates: Words<'b>,
    /// Keys of 64 bits.
    pub networks: &'b [u8],
    /// Keys of 64 bits.
    pub addresses: &'b [u8],
    /// Keys of 64 bits.
    pub visitors: &'b [u8],
    /// How many hits each row has.
    pub lengths: Words<'b>,
}

impl Prepared {
    /// Orders the hits of visitors, who may have several rows. `seconds` says when each hit was.
    ///
    /// # Panics
    /// If the columns have other rows, or the visitors other hits.
    pub fn new(rows: Visitors, seconds: Words) -> Self {
        let [addresses, visitors] = [rows.addresses, rows.visitors].map(|bytes| keys(bytes).collect::<Vec<_>>());
        let mut order: Vec<_> =
            rows.dates.iter().zip(keys(rows.networks)).zip(0..).map(|((date, key), row)| (date, key, row)).collect();
        assert!([rows.lengths.len(), addresses.len(), visitors.len()] == [order.len(); 3], "a column has other rows");
        order.sort_unstable_by_key(|&(date, network, row): &(i32, u64, usize)| {
            (date, network, addresses[row], visitors[row], row)
        });
        let mut first = vec![0];
        first.extend(rows.lengths.iter().scan(0, |end, length| {
            *end += length;
            Some(*end)
        }));
        assert_eq!(*first.last().expect("it begins with 0") as usize, seconds.len(), "the visitors have other hits");

        let rows = || Vec::with_capacity(seconds.len());
        let mut made = Prepared {
            visitors: order.iter().map(|&(_, _, row)| row as i32).collect(),
            owners: rows(),
            hits: rows(),
            numbers: [rows(), rows(), rows()],
            starts: Vec::new(),
        };
        let mut numbers = [0; 3];
        let mut before = None;
        let mut own: Vec<(i32, i32, i32)> = Vec::new();
        let same = |one: &(i32, u64, usize), next: &(i32, u64, usize)| {
            one.0 == next.0 && one.1 == next.1 && addresses[one.2] == addresses[next.2] && visitors[one.2] == visitors[next.2]
        };
        let mut place = 0;
        for visitor in order.chunk_by(same) {
            let (date, network, row) = visitor[0];
            let units = (date, network, addresses[row]);
            numbers[0] += i32::from(before.is_none_or(|(other, of, _)| (other, of) != (date, network)));
            numbers[1] += i32::from(before != Some(units));
            numbers[2] += 1;
            before = Some(units);
            for &(_, _, row) in visitor {
                own.extend((first[row]..first[row + 1]).map(|hit| (seconds.at(hit as usize), hit, place)));
                place += 1;
            }
            if !own.is_empty() && made.starts.last().is_none_or(|&(other, _)| other != date) {
                made.starts.push((date, made.hits.len()));
            }
            own.sort_by_key(|&(second, _, _)| second);
            made.numbers.iter_mut().zip(numbers).for_each(|(column, number)| column.resize(column.len() + own.len(), number));
            for (_, hit, owner) in own.drain(..) {
                made.hits.push(hit);
                made.owners.push(owner);
            }
        }
        made
    }
}
