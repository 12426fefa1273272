// Puts the values of a ride into the array that the scoring service takes as one row.
function createArray(vendorid, weekday, pickuphour, passenger, distance) {
    return [vendorid, weekday, pickuphour, passenger, distance];
}
