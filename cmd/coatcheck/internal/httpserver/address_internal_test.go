package httpserver

// Address is where the server listens, with the actual port.
func (s *Server) Address() string { return s.listener.Addr().String() }
