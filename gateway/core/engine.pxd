from cpython.buffer cimport Py_buffer
from libc.stdint cimport int64_t, uint8_t, uint32_t
from picows.picows cimport WSFrame, WSListener, WSTransport

from gateway.core cimport core


cdef class Engine:
    cdef core.gw_engine *engine
    cdef Py_buffer view
    cdef bint bound

    cdef void _close(self)
    cdef core.gw_engine *live(self) except NULL
    cdef core.gw_engine *of_symbol(self, uint32_t row) except NULL
    cdef core.gw_engine *of_stream(self, uint32_t row) except NULL
    cdef core.gw_engine *of_link(self, uint32_t row) except NULL
    cdef check(self, uint32_t row, uint32_t count)


cdef class FrameListener(WSListener):
    cdef Engine owner
    cdef uint32_t link
    cdef object handler
    cdef bytearray parts
    cdef bint text
    cdef bint between_reads
    cdef int64_t mono

    cpdef on_ws_connected(self, WSTransport transport)
    cpdef on_ws_frame(self, WSTransport transport, WSFrame frame)
    cpdef on_ws_disconnected(self, WSTransport transport)
    cdef take(self, core.gw_engine *e, const uint8_t *payload, Py_ssize_t size)
    cdef unusual(self, WSTransport transport, WSFrame frame)
    cdef join(self, WSTransport transport, WSFrame frame)
    cdef joined(self)
