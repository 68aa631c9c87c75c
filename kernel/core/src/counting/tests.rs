use super::absorbed::{Absorbed, Visitors};
use super::grouping::Grouping;
use super::measure::Units;
use super::order::{Partition, Prepared, Visitors as Rows};
use super::used::used;
use super::Words;

fn bytes(numbers: &[i32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[test]
fn cells_are_in_the_order_of_those_above_and_of_their_codes() {
    let (first, second) = (bytes(&[1, 0, 1, 1, 0]), bytes(&[2, 2, 0, 2, 1]));
    let above = Grouping::whole(5).divided(Words::new(&first), 2, None);
    assert_eq!(above.grouping.of_row(), [1, 0, 1, 1, 0]);
    // A table of all cells, and one of those that there are.
    for width in [3, 1 << 20] {
        let cells = above.grouping.divided(Words::new(&second), width, None);
        assert_eq!(cells.grouping.of_row(), [3, 1, 2, 3, 0]);
        assert_eq!((cells.above, cells.codes), (vec![0, 0, 1, 1], vec![1, 2, 0, 2]));
        let cells = above.grouping.divided(Words::new(&second), width, Some(&[0, 1]));
        assert_eq!(cells.grouping.of_row(), [1, -1, 0, 1, -1]);
        assert_eq!((cells.above, cells.codes), (vec![1, 1], vec![0, 2]));
    }
}

#[test]
fn no_rows_are_no_cells() {
    let cells = Grouping::whole(0).divided(Words::new(&[]), 0, None);
    assert_eq!((cells.grouping.cells(), cells.above), (0, vec![]));
}

#[test]
fn at_most_so_many_addresses_of_a_network_count() {
    let networks = bytes(&[1, 1, 1, 1, 1, 2]);
    let addresses = bytes(&[1, 1, 2, 2, 3, 4]);
    let visitors = bytes(&[1, 2, 3, 3, 4, 5]);
    let units = Units::new(Words::new(&networks), Words::new(&addresses), Words::new(&visitors));
    let codes = bytes(&[0, 0, 0, 1, 0, 0]);
    let cells = Grouping::whole(6).divided(Words::new(&codes), 2, None).grouping;
    let counts = units.counts(&cells, Words::new(&bytes(&[2, 2])));
    assert_eq!(counts.hits, [5, 1]);
    assert_eq!(counts.visitors, [5, 1]);
    assert_eq!(counts.capped_addresses, [3, 1]);
    assert_eq!(counts.largest_address, [2, 1]);
}

#[test]
fn rows_are_in_known_cells_or_in_none() {
    let codes = bytes(&[0, 1, 2, 1]);
    let whole = Grouping::whole(4);
    for width in [3, 1 << 20] {
        let cells = whole.placed(Words::new(&codes), width, Words::new(&bytes(&[0, 0, -1])), Words::new(&bytes(&[2, 1, 0])));
        assert_eq!((cells.of_row(), cells.cells()), (&[-1, 1, 0, 1][..], 3));
        assert_eq!(whole.outside(&cells, &[1]).of_row(), [0, -1, -1, -1]);
        assert_eq!(whole.outside(&cells, &[0]).of_row(), [-1; 4]);
    }
}

#[test]
fn visitors_whom_a_cell_has_by_absorbed_rows_alone_are_counted_by_their_parts() {
    // Of cell 0 there are own rows of visitors 2 and 4; all others are absorbed, below two parents of which the first one fails.
    let visitors = bytes(&[1, 1, 2, 2, 3, 4, 4]);
    let units = Units::new(Words::new(&visitors), Words::new(&visitors), Words::new(&visitors));
    let own = Grouping { of_row: vec![-1, -1, 0, -1, -1, -1, 0], cells: 1 };
    let (first, none) = (Grouping { of_row: vec![0, -1, -1, -1, 0, -1, -1], cells: 1 }, bytes(&[0]));
    let before = Absorbed::new(&first, Words::new(&none), None, Words::new(&none));
    let second = Grouping { of_row: vec![-1, 0, -1, 0, -1, 0, -1], cells: 1 };
    let absorbed = Absorbed::new(&second, Words::new(&none), Some(&before), Words::new(&none));
    let counts = absorbed.visitors(&units, &own);
    assert_eq!(counts, [Visitors { cell: 0, parts: 2, count: 1 }, Visitors { cell: 0, parts: 3, count: 1 }]);
    let nowhere = Absorbed::new(&second, Words::new(&bytes(&[-1])), Some(&before), Words::new(&bytes(&[-1])));
    assert_eq!(nowhere.visitors(&units, &own), []);
}

fn keys(keys: &[u64]) -> Vec<u8> {
    keys.iter().flat_map(|key| key.to_le_bytes()).collect()
}

#[test]
fn visitors_and_their_hits_go_to_the_shards_of_their_networks() {
    let parts = Partition::new(&keys(&[7, 4, u64::MAX, 2]), Words::new(&bytes(&[0, 3, 1, 0, 2, 3])), 2);
    assert_eq!(parts.visitors, [1, 3, 0, 2]);
    assert_eq!(parts.sizes, [2, 2]);
    assert_eq!(parts.lengths, [1, 2, 2, 1]);
    assert_eq!(parts.hits, [2, 1, 5, 0, 3, 4]);
}

#[test]
fn hits_are_in_the_order_of_date_network_address_visitor_and_second() {
    let dates = bytes(&[2, 1, 1, 1, 1]);
    let (networks, addresses, visitors) = (keys(&[9, 9, 9, 5, 9]), keys(&[1, 1, 1, 8, 2]), keys(&[3, 3, 3, 4, 1]));
    let (lengths, seconds) = (bytes(&[1, 2, 2, 1, 1]), bytes(&[0, 7, 5, 5, 6, 0, 0]));
    let rows = Rows {
        dates: Words::new(&dates),
        networks: &networks,
        addresses: &addresses,
        visitors: &visitors,
        lengths: Words::new(&lengths),
    };
    let made = Prepared::new(rows, Words::new(&seconds));
    assert_eq!(made.visitors, [3, 1, 2, 4, 0]);
    assert_eq!(made.hits, [5, 2, 3, 4, 1, 6, 0]);
    assert_eq!(made.owners, [0, 1, 2, 2, 1, 3, 4]);
    assert_eq!(made.numbers, [[1, 2, 2, 2, 2, 2, 3], [1, 2, 2, 2, 2, 3, 4], [1, 2, 2, 2, 2, 3, 4]]);
    assert_eq!(made.starts, [(1, 0), (2, 6)]);
}

#[test]
fn values_without_rows_are_left_out() {
    assert_eq!(used(Words::new(&bytes(&[3, 1, 3])), 4), Some((vec![0, 1, 0], vec![3, 1])));
    assert_eq!(used(Words::new(&bytes(&[1, 0])), 2), None);
    assert_eq!(used(Words::new(&[]), 0), None);
}
