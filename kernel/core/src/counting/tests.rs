use super::grouping::Grouping;
use super::measure::Units;
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
    let (codes, numbers) = (bytes(&[0, 0, 0, 1, 0, 0]), bytes(&[0, -1]));
    let cells = Grouping::whole(6).divided(Words::new(&codes), 2, None).grouping;
    let counts = units.counts(&cells, Words::new(&bytes(&[2, 2])));
    assert_eq!(counts.hits, [5, 1]);
    assert_eq!(counts.visitors, [5, 1]);
    assert_eq!(counts.capped_addresses, [3, 1]);
    assert_eq!(counts.largest_address, [2, 1]);
    let counts = units.counts(&cells.renumbered(Words::new(&numbers), 1), Words::new(&bytes(&[3])));
    assert_eq!(counts.capped_addresses, [4]);
}
