//! What is counted of the cells of a grouping.

use super::grouping::Grouping;
use super::Words;

/// Rows in the order of their networks, in these of their addresses, and in these of their visitors, each with its number.
///
/// So a cell must remember only the last one of each kind, and everything distinct is counted exactly in one pass.
pub struct Units {
    networks: Vec<i32>,
    addresses: Vec<i32>,
    pub(super) visitors: Vec<i32>,
}

/// Of each cell what its rows are.
#[derive(Default)]
pub struct Counts {
    /// Rows.
    pub hits: Vec<i32>,
    /// Different visitors.
    pub visitors: Vec<i32>,
    /// Different addresses, of each network at most the cell's cap.
    pub capped_addresses: Vec<i32>,
    /// Rows of the address that has most.
    pub largest_address: Vec<i32>,
}

#[derive(Clone)]
struct Cell {
    network: i32,
    address: i32,
    visitor: i32,
    of_network: i32,
    of_address: i32,
    largest: i32,
    hits: i32,
    visitors: i32,
    capped: i32,
}

impl Units {
    /// The numbers of the rows' networks, addresses and visitors, which rise.
    ///
    /// # Panics
    /// If one of these columns has other rows than another.
    pub fn new(networks: Words, addresses: Words, visitors: Words) -> Self {
        assert!(networks.len() == addresses.len() && addresses.len() == visitors.len(), "a column has other rows");
        Units {
            networks: networks.iter().collect(),
            addresses: addresses.iter().collect(),
            visitors: visitors.iter().collect(),
        }
    }

    /// Counts of each cell. `caps` says of each how many addresses of a network count.
    ///
    /// # Panics
    /// If the grouping is one of other rows, or a cell has no cap.
    pub fn counts(&self, grouping: &Grouping, caps: Words) -> Counts {
        assert_eq!(grouping.of_row.len(), self.visitors.len(), "a grouping has other rows");
        assert_eq!(grouping.cells(), caps.len(), "a cell has no cap");
        let unseen = Cell {
            network: -1,
            address: -1,
            visitor: -1,
            of_network: 0,
            of_address: 0,
            largest: 0,
            hits: 0,
            visitors: 0,
            capped: 0,
        };
        let mut cells = vec![unseen; grouping.cells()];
        let units = self.visitors.iter().zip(&self.addresses).zip(&self.networks);
        for (&number, ((&visitor, &address), &network)) in grouping.of_row.iter().zip(units) {
            if number < 0 {
                continue;
            }
            let cell = &mut cells[number as usize];
            if cell.visitor != visitor {
                cell.visitor = visitor;
                cell.visitors += 1;
                if cell.address != address {
                    cell.address = address;
                    cell.largest = cell.largest.max(cell.of_address);
                    cell.of_address = 0;
                    if cell.network != network {
                        cell.network = network;
                        cell.of_network = 0;
                    }
                    if cell.of_network < caps.at(number as usize) {
                        cell.of_network += 1;
                        cell.capped += 1;
                    }
                }
            }
            cell.hits += 1;
            cell.of_address += 1;
        }
        Counts {
            hits: cells.iter().map(|cell| cell.hits).collect(),
            visitors: cells.iter().map(|cell| cell.visitors).collect(),
            capped_addresses: cells.iter().map(|cell| cell.capped).collect(),
            largest_address: cells.iter().map(|cell| cell.largest.max(cell.of_address)).collect(),
        }
    }
}
