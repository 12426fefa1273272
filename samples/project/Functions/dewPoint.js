// The temperature at which the air in the cargo room begins to drip, to one digit; null if a sensor is silent.
function main(celsius, humidity) {
    if (celsius === null || humidity === null) {
        return null;
    }
    const share = Math.log(humidity / 100) + (17.62 * celsius) / (243.12 + celsius);
    return Math.round((10 * 243.12 * share) / (17.62 - share)) / 10;
}
