function main(metresPerSecond) {
    return Math.round(metresPerSecond * 36) / 10;
}
