// As a service does: loads the points with everything else, and passes one in its work.
const { faultPoint } = require('../../service/dist/src/fault-points.js')

process.on('message', async () => {
  try {
    await faultPoint('inventory.held')
    process.send('passed')
  } catch (error) {
    process.send(error.message)
  }
})
